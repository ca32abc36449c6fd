# SPDX-License-Identifier: Apache-2.0
# cmake -DFROM=x.json -DTO=x.cc -DNAME=x_text -P embed_text.cmake: a text as a C string of the library.
file(READ ${FROM} text)
file(WRITE ${TO} "namespace safelight {\nextern const char ${NAME}[];\nconst char ${NAME}[] = R\"----(${text})----\";\n}\n")

# SPDX-License-Identifier: Apache-2.0
#
# What the delegates need besides the house: headers only. Libraries are opened when a delegate is.
find_path(XNNPACK_INCLUDE_DIR xnnpack.h)
find_library(XNNPACK_LIBRARY XNNPACK)
if(XNNPACK_INCLUDE_DIR AND XNNPACK_LIBRARY)
  # The name that programs linked with it would ask the loader for.
  file(REAL_PATH ${XNNPACK_LIBRARY} xnnpack_file)
  get_filename_component(xnnpack_soname ${xnnpack_file} NAME)
  target_include_directories(sl_delegates SYSTEM PRIVATE ${XNNPACK_INCLUDE_DIR})
  target_compile_definitions(sl_delegates PRIVATE SAFELIGHT_HAS_XNNPACK=1
                             SAFELIGHT_XNNPACK_LIBRARY="${xnnpack_soname}")
else()
  message(STATUS "XNNPACK is not here: the delegate of that name says so when it is asked for")
  get_target_property(delegate_sources sl_delegates SOURCES)
  list(FILTER delegate_sources EXCLUDE REGEX "/delegates/xnnpack/")
  set_target_properties(sl_delegates PROPERTIES SOURCES "${delegate_sources}")
endif()

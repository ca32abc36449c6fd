// SPDX-License-Identifier: Apache-2.0
//
// A shared library that is no delegate: it lacks the second entry point, or both.
#ifdef STRANGER_CREATES
extern "C" __attribute__((visibility("default"))) void* tflite_plugin_create_delegate() { return nullptr; }
#else
extern "C" __attribute__((visibility("default"))) int nothing_of_interest() { return 1; }
#endif

# SPDX-License-Identifier: Apache-2.0
#
# cmake --install: headers, models, the program and two libraries, found again by find_package(safelight):
# safelight::runtime (the core: tensors through networks) and safelight::safelight (pictures, on top of it).
# Nothing installed names the source or build folder, and the package works wherever it is moved.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/safelight)
set(models_dir ${CMAKE_INSTALL_DATADIR}/safelight/models)

# sl_package(PART TARGET LAYERS...): one archive of the objects of these layers, exported as safelight::TARGET.
function(sl_package part target)
  set(objects)
  foreach(layer ${ARGN})
    list(APPEND objects $<TARGET_OBJECTS:sl_${layer}>)
  endforeach()
  add_library(safelight_${target} STATIC ${objects})
  set_target_properties(safelight_${target} PROPERTIES LINKER_LANGUAGE CXX EXPORT_NAME ${target})
  target_compile_features(safelight_${target} INTERFACE cxx_std_20)
  install(TARGETS safelight_${target} EXPORT safelight_${part} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
          INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT safelight_${part} NAMESPACE safelight:: DESTINATION ${package_dir} FILE safelight_${part}.cmake)
endfunction()

sl_package(core runtime base tensor kernels graph ops tflite engine tflite_abi delegates runtime)
# Targets that safelightConfig.cmake finds or makes on the machine that uses the package.
target_link_libraries(safelight_runtime INTERFACE
                      "$<INSTALL_INTERFACE:safelight::highway;safelight::pthreadpool;Threads::Threads>")
file(GLOB headers CONFIGURE_DEPENDS include/safelight/*.h)
if(SAFELIGHT_CORE_ONLY)
  list(FILTER headers EXCLUDE REGEX "/(image|picture|c_picture|quantize|values)\\.h$")
endif()
install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/safelight)
install(TARGETS safelight_delegate_process RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY models/ DESTINATION ${models_dir})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

if(NOT SAFELIGHT_CORE_ONLY)
  sl_package(pictures safelight image quality quantize imaging)
  set_target_properties(safelight_safelight PROPERTIES OUTPUT_NAME safelight)
  target_link_libraries(safelight_safelight INTERFACE safelight_runtime ${CMAKE_DL_LIBS}
    "$<INSTALL_INTERFACE:PNG::PNG;JPEG::JPEG;safelight::webp;safelight::webpmux;safelight::webpdemux>")
  install(TARGETS safelight_tflite_delegate LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(TARGETS safelight_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  if(TARGET safelight_oiio)
    install(TARGETS safelight_oiio LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endif()
endif()

configure_package_config_file(cmake/safelightConfig.cmake.in ${CMAKE_BINARY_DIR}/safelightConfig.cmake
                              INSTALL_DESTINATION ${package_dir} PATH_VARS models_dir)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/safelightConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/safelightConfig.cmake ${CMAKE_BINARY_DIR}/safelightConfigVersion.cmake
        DESTINATION ${package_dir})

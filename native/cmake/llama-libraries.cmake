# Where llama.cpp comes from: prebuilt libraries of node-llama-cpp (the default), or a build of the bundle.
# Defines the target llama_headers, the list ISHEEP_VARIANT_NAMES and the function isheep_link_llama(target variant).

add_library(llama_headers INTERFACE)
target_include_directories(llama_headers INTERFACE
  ${ISHEEP_LLAMA_SOURCE}/include ${ISHEEP_LLAMA_SOURCE}/ggml/include)

set(ISHEEP_VARIANT_NAMES "")

if(ISHEEP_FROM_SOURCE)
  # One CPU library for each instruction set, chosen at run time; never -march=native (see docs/decisions.md).
  set(BUILD_SHARED_LIBS ON)
  set(GGML_BACKEND_DL ON CACHE BOOL "" FORCE)
  set(GGML_CPU_ALL_VARIANTS ON CACHE BOOL "" FORCE)
  set(GGML_NATIVE OFF CACHE BOOL "" FORCE)
  set(LLAMA_BUILD_COMMON OFF CACHE BOOL "" FORCE)
  set(LLAMA_BUILD_TESTS OFF CACHE BOOL "" FORCE)
  set(LLAMA_BUILD_TOOLS OFF CACHE BOOL "" FORCE)
  set(LLAMA_BUILD_EXAMPLES OFF CACHE BOOL "" FORCE)
  set(LLAMA_BUILD_SERVER OFF CACHE BOOL "" FORCE)
  set(LLAMA_CURL OFF CACHE BOOL "" FORCE)
  add_subdirectory(${ISHEEP_LLAMA_SOURCE} llama.cpp)
  list(APPEND ISHEEP_VARIANT_NAMES source)
else()
  foreach(pair IN LISTS ISHEEP_VARIANTS)
    string(REGEX MATCH "^([a-z]+)=(.+)$" _ "${pair}")
    set(name ${CMAKE_MATCH_1})
    set(directory ${CMAKE_MATCH_2})
    list(APPEND ISHEEP_VARIANT_NAMES ${name})
    set(ISHEEP_DIRECTORY_${name} ${directory})
    # The release is part of a library's name (libllama.v0.4.0.so), the variant too (libllama.vulkan.v0.4.0.so).
    file(GLOB ISHEEP_LIBRARIES_${name}
      ${directory}/libllama.*.so ${directory}/libggml.*.so ${directory}/libggml-base.so
      ${directory}/libllama.*.dylib ${directory}/libggml.*.dylib ${directory}/libggml-base.dylib
      ${directory}/llama.*.lib ${directory}/ggml.*.lib ${directory}/ggml-base.lib)
    if(NOT ISHEEP_LIBRARIES_${name})
      message(FATAL_ERROR "No llama.cpp libraries in ${directory}")
    endif()
  endforeach()
endif()

# An addon finds its libraries by a path relative to itself, so that a clone can be moved (on Windows the loader puts
# their folder on PATH). An executable of the tests stays where it was built and finds them by their absolute path.
function(isheep_link_llama target variant)
  if(ISHEEP_FROM_SOURCE)
    target_link_libraries(${target} PRIVATE llama ggml)
    set(directory ${CMAKE_BINARY_DIR}/bin)
  else()
    target_link_libraries(${target} PRIVATE ${ISHEEP_LIBRARIES_${variant}})
    set(directory ${ISHEEP_DIRECTORY_${variant}})
  endif()
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "MODULE_LIBRARY")
    file(RELATIVE_PATH relative ${CMAKE_LIBRARY_OUTPUT_DIRECTORY} ${directory})
    set(origin "$ORIGIN")
    if(APPLE)
      set(origin "@loader_path")
    endif()
    set_target_properties(${target} PROPERTIES BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "${origin}/${relative}")
  else()
    set_target_properties(${target} PROPERTIES BUILD_RPATH "${directory}")
  endif()
endfunction()

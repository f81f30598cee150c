# find_package(vitruvian): the library vitruvian::host (acl, host tiling, C++ API) and the function that compiles kernels.
#
#   find_package(vitruvian REQUIRED)
#   vitruvian_kernel(kernels add_custom.cpp)              # a library; an existing target gets the sources instead
#   add_executable(main main.cpp)
#   target_link_libraries(main PRIVATE kernels)
#
# main.cpp includes "aclrtlaunch_add_custom.h", or calls the host functions that the kernel's file holds around its <<<>>>.
include(${CMAKE_CURRENT_LIST_DIR}/vitruvianTargets.cmake)
get_filename_component(VITRUVIAN_PREFIX ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)
set(VITRUVIAN_COMPILER ${VITRUVIAN_PREFIX}/bin/vitruvian)

# vitruvian_kernel(target source... [FLAGS flag...])
function(vitruvian_kernel target)
  cmake_parse_arguments(ARG "" "" "FLAGS" ${ARGN})
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}.kernels)
  set(generated)
  set(flags)
  foreach(flag ${ARG_FLAGS})
    list(APPEND flags --flag=${flag})
  endforeach()
  foreach(source ${ARG_UNPARSED_ARGUMENTS})
    get_filename_component(path ${source} ABSOLUTE)
    get_filename_component(stem ${source} NAME_WLE)
    file(MAKE_DIRECTORY ${folder})
    add_custom_command(OUTPUT ${folder}/${stem}.host.cpp ${folder}/${stem}.elf
      COMMAND ${VITRUVIAN_COMPILER} cc ${path} -o ${folder}/${stem}.elf --launchers ${folder} ${flags}
      DEPENDS ${path} ${VITRUVIAN_COMPILER} COMMENT "Compiling kernel ${source}" VERBATIM)
    # The image is read by the assembler: no include names it.
    set_source_files_properties(${folder}/${stem}.host.cpp PROPERTIES OBJECT_DEPENDS ${folder}/${stem}.elf)
    set_property(SOURCE ${folder}/${stem}.host.cpp APPEND PROPERTY INCLUDE_DIRECTORIES ${CMAKE_CURRENT_SOURCE_DIR})
    list(APPEND generated ${folder}/${stem}.host.cpp)
  endforeach()
  if(TARGET ${target})
    target_sources(${target} PRIVATE ${generated})
    target_link_libraries(${target} PRIVATE vitruvian::host)
    target_include_directories(${target} PRIVATE ${folder})
  else()
    add_library(${target} STATIC ${generated})
    target_link_libraries(${target} PUBLIC vitruvian::host)
    target_include_directories(${target} PUBLIC ${folder})
  endif()
endfunction()

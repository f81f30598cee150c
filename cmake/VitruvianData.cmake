# What a program of Vitruvian reads at run time: chip files, device headers, library kernels, the calibration's tables, and the instruction table that
# the device headers include. data_directory() finds the folder; its layout is that of the source tree.
# vitruvian_install_data(DESTINATION COMPONENT)
function(vitruvian_install_data destination component)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/chips DESTINATION ${destination} COMPONENT ${component} FILES_MATCHING PATTERN "*.yaml")
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/kernels/include ${PROJECT_SOURCE_DIR}/kernels/lib ${PROJECT_SOURCE_DIR}/kernels/r1 DESTINATION ${destination}/kernels COMPONENT ${component})
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/isa DESTINATION ${destination} COMPONENT ${component}
          FILES_MATCHING PATTERN "*.def" PATTERN "*.h")
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/tests/calibration DESTINATION ${destination}/tests COMPONENT ${component} FILES_MATCHING PATTERN "*.csv")
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/chips DESTINATION ${destination} COMPONENT ${component} FILES_MATCHING PATTERN "*.csv")
endfunction()

# What `cmake --install` puts where, and what cpack packs. Included last: it names targets of other folders.
#
# Components: `main` is the same everywhere; `local` is for a prefix such as /usr/local, `debian` for the package,
# whose prefix is /usr. `cmake --install build/release` installs main and local.
include(GNUInstallDirs)
set(pages ${PROJECT_BINARY_DIR}/pages)

# Man pages and completions say what the binaries say.
set(page_files "")
function(pointsman_page binary file)
  add_custom_command(OUTPUT ${pages}/${file}
                     COMMAND ${binary} ${ARGN} > ${pages}/${file} DEPENDS ${binary} VERBATIM)
  set(page_files ${page_files} ${pages}/${file} PARENT_SCOPE)
endfunction()
file(MAKE_DIRECTORY ${pages}/debian)
foreach(binary pointsman pointsmand)
  pointsman_page(${binary} ${binary}.bash --completion bash)
  pointsman_page(${binary} _${binary} --completion zsh)
  pointsman_page(${binary} ${binary}.fish --completion fish)
endforeach()
pointsman_page(pointsman pointsman.1 --man-page)
pointsman_page(pointsmand pointsmand.8 --man-page)
# Debian keeps these compressed, without a time of their own.
foreach(file pointsman.1 pointsmand.8)
  add_custom_command(OUTPUT ${pages}/debian/${file}.gz
                     COMMAND gzip -9nc ${pages}/${file} > ${pages}/debian/${file}.gz DEPENDS ${pages}/${file})
  list(APPEND page_files ${pages}/debian/${file}.gz)
endforeach()
add_custom_command(OUTPUT ${pages}/debian/changelog.gz
                   COMMAND gzip -9nc ${PROJECT_SOURCE_DIR}/CHANGELOG.md > ${pages}/debian/changelog.gz
                   DEPENDS ${PROJECT_SOURCE_DIR}/CHANGELOG.md)
list(APPEND page_files ${pages}/debian/changelog.gz)
add_custom_target(pages_files ALL DEPENDS ${page_files})

# The unit with the paths of a prefix. That of the package runs as the user that the package makes, so that
# `sudo -u pointsman pointsman log /var/lib/pointsman` reads what the server wrote.
function(pointsman_unit file bindir is_static_user)
  file(READ ${PROJECT_SOURCE_DIR}/deploy/systemd/pointsmand.service unit)
  string(REGEX REPLACE "^(#[^\n]*\n)+" "" unit "${unit}")  # how to install it by hand
  string(REPLACE "/usr/local/bin" "${bindir}" unit "${unit}")
  if(is_static_user)
    set(dynamic "# A user that exists while it runs, and one folder that is its own.\nDynamicUser=yes\n")
    string(FIND "${unit}" "${dynamic}" at)
    if(at EQUAL -1)
      message(FATAL_ERROR "deploy/systemd/pointsmand.service has no longer the lines that cmake/install.cmake replaces")
    endif()
    string(REPLACE "${dynamic}" "# A user of its own, which the package makes, and one folder.\n" unit "${unit}")
  endif()
  file(WRITE ${file} "${unit}")
endfunction()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/deploy/systemd/pointsmand.service)
pointsman_unit(${pages}/pointsmand.service @BIN@ FALSE)
pointsman_unit(${pages}/debian/pointsmand.service /usr/bin TRUE)

install(TARGETS pointsmand pointsman RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT main)
install(FILES deploy/lexicon/general-1.lexicon DESTINATION ${CMAKE_INSTALL_DATADIR}/pointsman COMPONENT main)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT main)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT main)
install(FILES deploy/pool.example.yaml deploy/prometheus/alerts.yaml deploy/grafana/pointsman.json
        DESTINATION ${CMAKE_INSTALL_DATADIR}/pointsman COMPONENT main)
foreach(binary pointsman pointsmand)
  install(FILES ${pages}/${binary}.bash RENAME ${binary}
          DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT main)
  install(FILES ${pages}/${binary}.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT main)
  install(FILES ${pages}/_${binary} DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT local)
  install(FILES ${pages}/_${binary} DESTINATION share/zsh/vendor-completions COMPONENT debian EXCLUDE_FROM_ALL)
endforeach()

install(FILES ${pages}/pointsman.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT local)
install(FILES ${pages}/pointsmand.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 COMPONENT local)
install(FILES LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT local)
# The prefix is known only now: `cmake --install build/release --prefix /opt/pointsman`.
install(CODE "set(BIN \${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR})
configure_file(${pages}/pointsmand.service ${pages}/local/pointsmand.service @ONLY)" COMPONENT local)
install(FILES ${pages}/local/pointsmand.service DESTINATION lib/systemd/system COMPONENT local)
# Not a file that an update would write over: what is there stays.
install(FILES deploy/systemd/pointsmand.yaml DESTINATION ${CMAKE_INSTALL_DATADIR}/pointsman COMPONENT main)

install(FILES ${pages}/debian/pointsman.1.gz DESTINATION share/man/man1 COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES ${pages}/debian/pointsmand.8.gz DESTINATION share/man/man8 COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES ${pages}/debian/changelog.gz DESTINATION share/doc/pointsman COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES deploy/debian/copyright DESTINATION share/doc/pointsman COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES ${pages}/debian/pointsmand.service DESTINATION /lib/systemd/system COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES deploy/systemd/pointsmand.yaml DESTINATION /etc/pointsman COMPONENT debian EXCLUDE_FROM_ALL)

include(cmake/package.cmake)

# The Debian package: `cpack --config build/release/CPackConfig.cmake`, or script/package.
file(STRINGS deploy/packages/run.txt run_packages REGEX "^[^#]")
list(JOIN run_packages ", " run_packages)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/deploy/packages/run.txt)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME pointsman)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The Pointsman maintainers <maintainers@pointsman.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)

set(CPACK_COMPONENTS_ALL main debian)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)

set(CPACK_DEBIAN_PACKAGE_NAME pointsman)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "online bandit routing service
An application asks Pointsman which arm (a model, an agent, a tool) should answer
a query, calls that arm itself, and later reports how it went. Pointsman learns
from that. This package has the server, pointsmand, and its command line,
pointsman.")
# What the binaries are linked to (tests/deploy/packages_test.py), and what makes the user.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, ${run_packages}")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/deploy/debian/conffiles ${PROJECT_SOURCE_DIR}/deploy/debian/postinst
    ${PROJECT_SOURCE_DIR}/deploy/debian/prerm ${PROJECT_SOURCE_DIR}/deploy/debian/postrm)
include(CPack)

# Third-party libraries, all from Debian 12. A further one needs a page in docs/decisions/.
set(Boost_USE_STATIC_LIBS ON)
set(OPENSSL_USE_STATIC_LIBS OFF)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(OpenSSL REQUIRED)
find_package(fmt REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_library(ZSTD_STATIC_LIBRARY NAMES libzstd.a REQUIRED)
find_library(CRYPTO_STATIC_LIBRARY NAMES libcrypto.a REQUIRED)

# Into the program rather than beside it: each shared library costs a start 0.3 ms, and most starts take a few. Debian has
# no static fmt; of its headers alone, which few files use, comes the same.
find_library(SQLITE3_STATIC_LIBRARY NAMES libsqlite3.a REQUIRED)
find_library(YAML_CPP_STATIC_LIBRARY NAMES libyaml-cpp.a REQUIRED)
add_library(tw_sqlite INTERFACE)
target_link_libraries(tw_sqlite INTERFACE ${SQLITE3_STATIC_LIBRARY} Threads::Threads ${CMAKE_DL_LIBS} m)
add_library(tw_yaml INTERFACE)
target_link_libraries(tw_yaml INTERFACE ${YAML_CPP_STATIC_LIBRARY})
add_library(tw_fmt INTERFACE)
target_link_libraries(tw_fmt INTERFACE fmt::fmt-header-only)

add_library(tw_zstd INTERFACE)
target_link_libraries(tw_zstd INTERFACE ${ZSTD_STATIC_LIBRARY})
add_library(tw_crypto INTERFACE)
target_link_libraries(tw_crypto INTERFACE ${CRYPTO_STATIC_LIBRARY})

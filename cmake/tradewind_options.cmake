# Language, warnings and sanitizers: the same for every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # With precompiled headers ccache asks for two liberties: we read no __DATE__ or __TIME__. The base folder lets one
  # checkout have what another compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${CCACHE_PROGRAM})
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM AND NOT TRADEWIND_SANITIZE)
  add_link_options(-fuse-ld=mold)
endif()

add_library(tw_options INTERFACE)
target_include_directories(tw_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
# What Boost's targets define, for all: precompiled headers serve only files of the same definitions.
target_compile_definitions(tw_options INTERFACE BOOST_CONTAINER_NO_LIB BOOST_JSON_NO_LIB)
target_compile_options(tw_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
# g++ 12 sees overlapping copies in "text" + std::string once it inlines them (GCC bug 105651): not there, not ours.
target_compile_options(tw_options INTERFACE
  $<$<AND:$<COMPILE_LANG_AND_ID:CXX,GNU>,$<CONFIG:Release,RelWithDebInfo>>:-Wno-restrict>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees uninitialised members in the empty alternative of std::variant and std::optional (its bug 80635).
  target_compile_options(tw_options INTERFACE -Wno-maybe-uninitialized)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
  # Precompiled, libstdc++'s headers lose the pragmas by which they keep g++ from seeing endless copies of strings.
  # Real ones are for ASan to find, and for clang, which compiles without (the presets tidy and fuzz).
  target_compile_options(tw_options INTERFACE -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
endif()
if(TRADEWIND_SANITIZE)
  add_compile_options(-fsanitize=${TRADEWIND_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TRADEWIND_SANITIZE})
endif()
if(TRADEWIND_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()

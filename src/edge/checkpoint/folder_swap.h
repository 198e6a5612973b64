// Putting a finished folder in the place of another, so that a crash leaves the old one or the new one.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace tradewind::checkpoint {

// The names beside `folder` that are ours.
std::filesystem::path folder_being_made(const std::filesystem::path& folder);
std::filesystem::path folder_put_aside(const std::filesystem::path& folder);

// Undoes what a crash left: an old folder that was put aside comes back where none took its place. What was
// being made stays.
Status recover_folder(const std::filesystem::path& folder);

enum class SwapBy {
  exchange,  // one step; where the file system has none, by two_steps
  two_steps,
};
// All that was written to the file system that holds the folder.
Status flush_folder(const std::filesystem::path& folder);

// Moves folder_being_made(folder) to `folder` and removes what was there. invalid_argument: `folder` is a
// mount point or no folder.
Status swap_in_folder(const std::filesystem::path& folder, SwapBy how = SwapBy::exchange);

}  // namespace tradewind::checkpoint

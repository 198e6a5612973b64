// Copying what lies on this machine into a job's work folder.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace tradewind::agent {

// Copies what is in the folder `source` into the folder `target`, symbolic links as such, without following
// them. Without `except`: a work folder may hold the scratch folder, which is not copied into itself. What
// goes meanwhile is no loss. not_found: there is no such folder. unavailable: the disk is full.
Status copy_folder(const std::filesystem::path& source, const std::filesystem::path& target,
                   const std::filesystem::path& except);

// A file or a folder, which becomes `target`; a link that `source` itself is, is followed.
Status copy_tree(const std::filesystem::path& source, const std::filesystem::path& target,
                 const std::filesystem::path& except);

}  // namespace tradewind::agent

// How Slurm writes the elements of job arrays: "17_4" for one, "17_[4-9,12%8]" for those that wait together.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tradewind::slurm {

// "17_4".
std::string element_id(const std::string& job, long index);
// The index of "17_4"; nothing where that is no element's id.
std::optional<long> index_of(std::string_view id);

// Behind an array's number the id of those of its elements that wait and that Slurm did not write out.
inline constexpr const char* abbreviated = "_...";

// "4-5,7" of {4, 5, 7}. REQUIRES: in rising order.
std::string fold_numbers(const std::vector<long>& numbers);
// And back, a limit ("%8") and what an abbreviation ("...") leaves out aside. At most a million.
std::vector<long> expand_numbers(std::string_view text);

// Ids as scancel takes them, elements of one array together: {"17_4", "17_5", "17_7", "18"} is
// {"17_[4-5,7]", "18"}.
std::vector<std::string> fold_ids(const std::vector<std::string>& ids);

// Of `scontrol show config`: how many elements one array may have, by MaxArraySize and by max_array_tasks.
// 0 where it says nothing of arrays.
int parse_array_max(std::string_view text);

}  // namespace tradewind::slurm

#include "edge/checkpoint/tensor_cuts.h"

#include <gtest/gtest.h>
#include <set>

#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/testing/job_world.h"
#include "edge/checkpoint/testing/weight_files.h"

namespace tradewind::checkpoint {
namespace {

using namespace weight_files;
using Places = std::vector<std::uint64_t>;
constexpr std::uint64_t mib = std::uint64_t{1} << 20;

Places edges_of(const std::string& file) {
  const ReadBytes read = [&file](std::uint64_t offset, std::uint64_t size) -> std::optional<std::string> {
    if (offset > file.size()) return std::nullopt;
    return file.substr(offset, size);
  };
  return tensor_edges(read, file.size());
}

// Where each tensor's bytes are found in the file.
Places edges_in(const std::string& file, const std::vector<Tensor>& tensors) {
  std::set<std::uint64_t> places;
  for (const Tensor& tensor : tensors) {
    const std::size_t begin = file.find(tensor.bytes);
    places.insert({begin, begin + tensor.bytes.size()});
  }
  places.erase(file.size());
  return {places.begin(), places.end()};
}

const std::vector<Tensor> three = {{"a", noise(5 * mib, 1)}, {"b", noise(mib, 2)}, {"c", noise(2 * mib, 3)}};

TEST(TensorEdges, OfSafetensorsAreWhereTheHeaderSays) {
  const std::string file = safetensors(three, "x");
  EXPECT_EQ(edges_of(file), edges_in(file, three));
}

TEST(TensorEdges, OfAPyTorchArchiveAreBehindItsPaddedHeaders) {
  for (const bool zip64 : {false, true}) {
    const std::string file = torch_archive(three, zip64);
    EXPECT_EQ(edges_of(file), edges_in(file, three)) << zip64;
  }
}

TEST(TensorEdges, OfArchivesOneAfterTheOtherAreThoseOfAll) {
  std::string file;
  for (const Tensor& tensor : three) file += torch_archive({tensor}, true);
  EXPECT_EQ(edges_of(file), edges_in(file, three));
}

TEST(TensorEdges, SmallTensorsHaveNone) {
  const std::vector<Tensor> tensors = {
      {"a", noise(4 * mib, 1)}, {"ln", noise(mib - 4, 2)}, {"b", noise(3 * mib, 3)}};
  const std::string file = safetensors(tensors, "x");
  EXPECT_EQ(edges_of(file), edges_in(file, {tensors[0], tensors[2]}));
}

TEST(TensorEdges, OtherFilesAndSmallOnesHaveNone) {
  EXPECT_TRUE(edges_of(noise(6 * mib, 1)).empty());
  EXPECT_TRUE(edges_of("").empty());
  EXPECT_TRUE(edges_of(safetensors({{"a", noise(2 * mib, 1)}}, "x")).empty());
  EXPECT_TRUE(edges_of(std::string("\x10\0\0\0\0\0\0\0{", 9) + noise(6 * mib, 1)).empty());
}

TEST(TensorEdges, AHeaderThatLiesIsNoHarm) {
  const std::string data = noise(6 * mib, 1);
  for (const std::string offsets :
       {"[0,9223372036854775807]", "[9223372036854775807,1]", "[4000000,-9223372036854775808]",
        "[-5,4000000]", "[4000000,0]", "[0]", "7", "[0.5,4000000]", "[4000000,99999999999]"}) {
    const std::string file = with_header(R"({"a":{"data_offsets":)" + offsets + "}}", data);
    for (const std::uint64_t edge : edges_of(file)) EXPECT_LT(edge, file.size()) << offsets;
  }
  // Overlapping: chunks stay large.
  std::string header = "{";
  for (int i = 0; i < 2'000; ++i) {
    header += (i > 0 ? ",\"" : "\"") + std::to_string(i) + R"(":{"data_offsets":[)" +
              std::to_string(i * 1'000) + "," + std::to_string(i * 1'000 + 2'000'000) + "]}";
  }
  EXPECT_LE(edges_of(with_header(header + "}", data)).size(), 12U);
}

TEST(TensorEdges, AnArchiveThatIsCutOrFlippedIsNoHarm) {
  const std::string whole = torch_archive(three, true);
  for (std::size_t at = whole.size() - 600; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(~flipped[at]);
    for (const std::uint64_t edge : edges_of(flipped)) EXPECT_LT(edge, flipped.size()) << at;
    for (const std::uint64_t edge : edges_of(whole.substr(0, at))) EXPECT_LT(edge, at);
  }
}

TEST(CutSizes, BeginAnewAtEachEdgeAndJoinShortTails) {
  EXPECT_EQ(cut_sizes({}, 0), Places{});
  EXPECT_EQ(cut_sizes({}, 9 * mib), (Places{4 * mib, 4 * mib, mib}));
  EXPECT_EQ(cut_sizes({}, 4 * mib + 1), (Places{4 * mib, 1}));
  EXPECT_EQ(cut_sizes({100, 4 * mib + 164}, 13 * mib),
            (Places{100, 4 * mib + 64, 4 * mib, 4 * mib, mib - 164}));
  EXPECT_EQ(cut_sizes({4 * mib, 4 * mib + 64}, 8 * mib + 64), (Places{4 * mib, 64, 4 * mib}));
  EXPECT_EQ(cut_sizes({mib, 3 * mib}, 7 * mib + tail_bytes_min - 1),
            (Places{mib, 2 * mib, 4 * mib + tail_bytes_min - 1}));
}

// What a save adds to a store that has another file of the same weights.
std::uint64_t added(const std::string& first, const std::string& second) {
  JobWorld world;
  world.write("weights", first);
  world.commit(world.place(), 1);
  world.write("weights", second);
  const Result<Saved> saved = world.save_as(world.place(), 2);
  EXPECT_TRUE(saved.ok());
  return saved.ok() ? saved->count.bytes_moved : 0;
}

TEST(SavingWeights, MovesOnlyHeadersWhenTheyMoved) {
  EXPECT_LT(added(safetensors(three, "x"), safetensors(three, std::string(5'000, 'x'))), 10'000U);
}

TEST(SavingWeights, MovesOneTensorWhenOneChanged) {
  std::vector<Tensor> changed = three;
  changed[1].bytes = noise(mib, 9);
  EXPECT_LT(added(torch_archive(three, true), torch_archive(changed, true)), mib + 10'000U);
}

TEST(SavingWeights, OfAnotherFormatMovesHeadersAlone) {
  EXPECT_LT(added(safetensors(three, "x"), torch_archive(three, true)), 10'000U);
}

}  // namespace
}  // namespace tradewind::checkpoint

#include "edge/data/checkpoint_source.h"

#include "edge/checkpoint/history.h"
#include "edge/objectstore/file_store.h"

namespace tradewind::data {

Result<checkpoint::TransferCount> restore_newest(const Source& source, const DataCache& cache,
                                                 const std::filesystem::path& target) {
  TW_ASSIGN_OR_RETURN(const std::unique_ptr<objectstore::ObjectStore> chunks,
                      objectstore::open_file_store(cache.chunks().string()));
  TW_ASSIGN_OR_RETURN(const objectstore::ObjectPage ledger, source.store().list("ledger/", "", 1));
  const checkpoint::ChunkPlace place{&source.store(), chunks.get(), {}, "", !ledger.objects.empty()};
  TW_ASSIGN_OR_RETURN(const std::vector<ManifestId> committed, checkpoint::committed_checkpoints(place));
  if (committed.empty()) {
    return Error{Code::not_found, "the store of checkpoints " + source.url() + " has none yet"};
  }
  TW_RETURN_IF_ERROR(io::make_folders(target.parent_path()));
  TW_ASSIGN_OR_RETURN(const checkpoint::Restored restored,
                      checkpoint::restore(place, {committed.back(), target}));
  return restored.count;
}

}  // namespace tradewind::data

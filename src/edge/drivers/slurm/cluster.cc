#include "edge/drivers/slurm/cluster.h"

#include "edge/objectstore/file_url.h"
#include "edge/objectstore/percent_path.h"

namespace tradewind::slurm {
namespace {

std::string store_folder(const Cluster& cluster) {
  return cluster.store + "/stores";
}

}  // namespace

std::string store_url_of(const Cluster& cluster) {
  return objectstore::file_url(store_folder(cluster));
}

std::string own_store_url_of(const Cluster& cluster) {
  if (cluster.host.empty()) return store_url_of(cluster);
  return "sftp://" + cluster.host + objectstore::percent_encoded_path(store_folder(cluster));
}

}  // namespace tradewind::slurm

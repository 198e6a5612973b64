#include "edge/drivers/slurm/slurm_offers.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "edge/drivers/slurm/rest_shapes.h"

namespace tradewind::slurm {
namespace {

constexpr double mib_per_gib = 1024;

int gpus_of(const Node& node, const std::string& type) {
  int count = 0;
  for (const Gpus& gpus : node.gpus) count += gpus.type == type ? gpus.count : 0;
  return count;
}

std::set<std::string> gpu_types(const Partition& partition) {
  std::set<std::string> types;
  for (const Node& node : partition.nodes) {
    for (const Gpus& gpus : node.gpus) types.insert(gpus.type);
  }
  return types;
}

// What the shape takes of that node; nothing where it has not as much.
struct Share {
  int cpus = 1;
  long memory_mib = 0;
};
std::optional<Share> share_of(const Node& node, const Shape& shape, const std::string& type) {
  const int gpus = gpus_of(node, type);
  if (shape.gpus > gpus || node.cpus < 1) return std::nullopt;
  double cpus = shape.cpus;
  if (cpus <= 0) {
    cpus = shape.gpus > 0 ? std::floor(static_cast<double>(node.cpus) * shape.gpus / gpus)
                          : std::min(4.0, static_cast<double>(node.cpus));
  }
  const double all_mib = static_cast<double>(node.memory_mib);
  double mib = shape.memory_gib * mib_per_gib;
  if (mib <= 0) mib = std::floor(all_mib * cpus / node.cpus);
  Share share{static_cast<int>(std::max(std::ceil(cpus), 1.0)), std::lround(mib)};
  if (share.cpus > node.cpus || share.memory_mib > node.memory_mib) return std::nullopt;
  return share;
}

// The smallest share over the nodes that have room: a request for it can be met by each of them.
std::optional<Share> share_in(const Partition& partition, const Shape& shape, const std::string& type) {
  std::optional<Share> least;
  for (const Node& node : partition.nodes) {
    const std::optional<Share> share = share_of(node, shape, type);
    if (!share) continue;
    if (!least) least = share;
    least = Share{std::min(least->cpus, share->cpus), std::min(least->memory_mib, share->memory_mib)};
  }
  return least;
}

// How many nodes one job may have at once.
int nodes_in(const Partition& partition, const Shape& shape, const std::string& type) {
  const auto fit = std::ranges::count_if(partition.nodes, [&](const Node& node) {
    return node.usable && share_of(node, shape, type).has_value();
  });
  const int most = static_cast<int>(std::max<std::ptrdiff_t>(fit, 1));
  return partition.max_nodes > 0 ? std::min(most, partition.max_nodes) : most;
}

bool is_preempted(const Cluster& cluster, const std::vector<Partition>& all, const Partition& partition) {
  if (std::ranges::find(cluster.preemptible, partition.name) != cluster.preemptible.end()) return true;
  return partition.preempt && std::ranges::any_of(all, [&](const Partition& other) {
           return other.tier > partition.tier && other.state == "UP";
         });
}

// Locations have fewer letters than Slurm's names.
bool fits_a_location(const std::string& name) {
  return !name.empty() &&
         name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
             std::string::npos;
}

std::string why_closed(const Partition& partition) {
  if (partition.state != "UP") return "the partition is " + partition.state;
  if (std::ranges::none_of(partition.nodes, &Node::usable)) return "all its nodes are down or drained";
  return {};
}

class Maker {
 public:
  Maker(const Cluster& cluster, const std::vector<Partition>& all, Time now)
      : cluster_(cluster), all_(all), day_(format_utc(now).substr(0, 10)) {}

  void add(const Partition& partition, std::vector<Place>& places) const {
    const std::vector<Shape> shapes = cluster_.shapes.empty() ? default_shapes(partition) : cluster_.shapes;
    std::set<std::string> types = gpu_types(partition);
    for (const Shape& shape : shapes) {
      if (shape.gpus == 0) {
        add(partition, shape, "", shape.name, places);
        continue;
      }
      for (const std::string& type : types) {
        const bool alone = types.size() == 1;
        add(partition, shape, type, alone || type.empty() ? shape.name : shape.name + "-" + type, places);
      }
    }
  }

 private:
  void add(const Partition& partition, const Shape& shape, const std::string& type, const std::string& name,
           std::vector<Place>& places) const {
    const std::optional<Share> share = share_in(partition, shape, type);
    if (!share) return;
    Place place;
    place.partition = partition.name;
    place.cpus = share->cpus;
    place.memory_mib = share->memory_mib;
    place.grace = partition.grace;
    // More than is allowed would wait for ever.
    place.time_limit = std::min(cluster_.time_limit, partition.max_time.value_or(cluster_.time_limit));
    place.why_not = why_closed(partition);
    place.open = place.why_not.empty();
    Offer& offer = place.offer;
    offer.location = {"slurm", cluster_.name, partition.name};
    offer.instance_type = name;
    offer.vcpus = share->cpus;
    offer.nodes_max = nodes_in(partition, shape, type);
    offer.memory_gib = std::floor(static_cast<double>(share->memory_mib) / mib_per_gib * 10) / 10;
    const bool preempted = is_preempted(cluster_, all_, partition);
    offer.purchase = preempted ? Purchase::spot : Purchase::on_demand;
    offer.price_per_hour = price(partition.name).scaled(std::max(shape.gpus, 1));
    offer.observed_on = day_;
    offer.source = "slurm.yaml";
    if (place.time_limit > Duration(0)) {
      offer.time_limit = place.time_limit;
    } else {
      offer.time_limit = partition.max_time;
    }
    const std::optional<int> rest = cluster_.rest ? rest_version_from(cluster_.rest->version) : std::nullopt;
    const bool is_announced = !cluster_.rest || (rest && rest_signals(*rest));
    const Duration grace = is_announced ? partition.grace : Duration(0);
    offer.notice_lead = preempted ? grace : cluster_.notice_lead;
    if (shape.gpus > 0) {
      const auto model = cluster_.gpus.find(type);
      const std::string shown = type.empty() ? "GPU" : type;
      offer.accelerator = Accelerator{model == cluster_.gpus.end() ? shown : model->second,
                                      static_cast<double>(shape.gpus), 0};
      place.gres = (type.empty() ? "gpu:" : "gpu:" + type + ":") + std::to_string(shape.gpus);
    }
    places.push_back(std::move(place));
  }

  Money price(const std::string& partition) const {
    const auto own = cluster_.partition_prices.find(partition);
    return own == cluster_.partition_prices.end() ? cluster_.price_per_hour : own->second;
  }

  const Cluster& cluster_;
  const std::vector<Partition>& all_;
  std::string day_;
};

}  // namespace

std::vector<Shape> default_shapes(const Partition& partition) {
  std::vector<Shape> shapes = {{"cpu"}};
  int most = 0;
  for (const Node& node : partition.nodes) {
    for (const Gpus& gpus : node.gpus) most = std::max(most, gpus.count);
  }
  for (int count = 1; count <= most; count *= 2)
    shapes.push_back({"gpu-" + std::to_string(count), 0, 0, count});
  return shapes;
}

std::vector<Place> places_of(const Cluster& cluster, const std::vector<Partition>& partitions, Time now) {
  std::vector<Place> places;
  const Maker maker(cluster, partitions, now);
  for (const Partition& partition : partitions) {
    const bool wanted = cluster.partitions.empty() ||
                        std::ranges::find(cluster.partitions, partition.name) != cluster.partitions.end();
    if (wanted && fits_a_location(partition.name)) maker.add(partition, places);
  }
  return places;
}

}  // namespace tradewind::slurm

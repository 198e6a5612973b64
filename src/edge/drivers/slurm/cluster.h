// One Slurm cluster as the user described it in slurm.yaml.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/money.h"
#include "base/time.h"

namespace tradewind::slurm {

// What one offer takes of a node.
struct Shape {
  std::string name;
  double cpus = 0;  // 0: the share of a node that its GPUs are; without GPUs four, or all of a smaller node
  double memory_gib = 0;  // 0: the same share of the node's memory as the CPUs are of its CPUs
  int gpus = 0;
  bool operator==(const Shape&) const = default;
};

struct Rest {
  std::string url;         // "unix:/run/slurmrestd.sock", "http://host:6820"
  std::string version;     // "v0.0.38"; empty: the newest that both know
  std::string user;        // with a token: whose it is
  std::string token_file;  // holds a JWT; empty: none, for a Unix socket
};

struct Cluster {
  std::string name;
  std::string host;                      // where its commands run, for ssh; empty: this machine
  std::string store;                     // an absolute folder that the host and all nodes see
  std::vector<std::string> partitions;   // empty: all that there are
  std::vector<std::string> preemptible;  // partitions whose jobs are preempted by QOS, which no query tells
  std::string account;
  std::string qos;
  std::string reservation;
  std::string constraint;
  bool exclusive = false;
  Money price_per_hour;                           // of an offer without GPUs, and of each GPU of one with
  std::map<std::string, Money> partition_prices;  // instead of it
  std::map<std::string, std::string> gpus;  // GRES type → accelerator model; "" for GPUs without a type
  std::vector<Shape> shapes;                // empty: see default_shapes()
  std::optional<Rest> rest = std::nullopt;
  Duration notice_lead = std::chrono::seconds(60);    // before the end of an allocation
  Duration time_limit{};                              // asked for; 0: the partition's own
  Duration estimate_every = std::chrono::minutes(2);  // how often Slurm is asked how long an offer's queue is
  int max_jobs = 0;                                   // at once, waiting ones too; 0: as many as Slurm takes
  std::vector<std::string> options;                   // further ones of sbatch
};

// The object store on the cluster's shared file system, as its nodes reach it: jobs name it "slurm/<name>".
std::string store_url_of(const Cluster& cluster);
// The same as this machine reaches it: by SFTP where the cluster has a host.
std::string own_store_url_of(const Cluster& cluster);

}  // namespace tradewind::slurm

#include "engine/simulator/backends/paths.h"

namespace tradewind::simulator {

std::vector<std::string_view> paths_of(Backend backend) {
  switch (backend) {
    case Backend::slurm:
      return {"slurm: a job began after its token's end",
              "slurm: an array was submitted",
              "slurm: an array was asked for again",
              "slurm: an array came late",
              "slurm: the answer to an array was lost, and it was accepted",
              "slurm: a limit refused an array, of which it would take a part",
              "slurm: an element's token was given back",
              "slurm: an element of an array began",
              "slurm: an element of an array was cancelled by its driver",
              "slurm: a list abbreviated an array",
              "slurm: a job waited for ten minutes",
              "slurm: a job waited for an hour",
              "slurm: the controller was down",
              "slurm: the controller answered too late",
              "slurm: the login node was out of reach",
              "slurm: a job was preempted with a grace time",
              "slurm: a job was preempted without a grace time",
              "slurm: a limit of the account refused a job",
              "slurm: a node failed",
              "slurm: a requeued job began again",
              "slurm: a script was killed",
              "slurm: a submission came late",
              "slurm: a time limit was reached",
              "slurm: a token was taken a second time",
              "slurm: a waiting job was cancelled by its driver",
              "slurm: an agent was told of its time limit",
              "slurm: memory ran out",
              "slurm: others took every node",
              "slurm: the administrator cancelled a running job",
              "slurm: the administrator cancelled a waiting job",
              "slurm: the administrator requeued a job",
              "slurm: the administrator requeued a job and held it",
              "slurm: the controller lost a running job",
              "slurm: the controller lost a waiting job",
              "slurm: the second job of a token ended at once",
              "slurm: two jobs for one token"};
    case Backend::ssh:
      return {"ssh: a full disk refused a launch",
              "ssh: a host had another key",
              "ssh: a host was left as it was found",
              "ssh: a host was out of reach",
              "ssh: a host was rebooted",
              "ssh: a socket was cleared away",
              "ssh: a neighbour came and went",
              "ssh: a link broke under a call",
              "ssh: a reboot ended an instance",
              "ssh: a token was launched a second time",
              "ssh: agents lost their way home",
              "ssh: claims of others refused a launch",
              "ssh: the way home was led anew"};
    case Backend::kubernetes:
      return {"kubernetes: a container was killed for its memory",
              "kubernetes: a watch began",
              "kubernetes: a watch told of changes",
              "kubernetes: a watch had a bookmark",
              "kubernetes: a watch was cut",
              "kubernetes: a watch fell silent",
              "kubernetes: a watch expired",
              "kubernetes: a watch began from a version too old",
              "kubernetes: a watch could not begin",
              "kubernetes: the API server had just begun",
              "kubernetes: the API server had too much to do",
              "kubernetes: a list had a further page",
              "kubernetes: a list's page expired",
              "kubernetes: a node was lost",
              "kubernetes: a node was shut down",
              "kubernetes: a pod could not be made",
              "kubernetes: a pod fitted nowhere",
              "kubernetes: a pod was evicted",
              "kubernetes: a quota refused a Job",
              "kubernetes: an ended Job was removed by the cluster",
              "kubernetes: an image could not be pulled",
              "kubernetes: the API server was gone",
              "kubernetes: the API server was gone for an hour",
              "kubernetes: the administrator deleted a Job",
              "kubernetes: the answer to a creation was lost",
              "kubernetes: the namespace was deleted"};
  }
  return {};
}

}  // namespace tradewind::simulator

// What runs in a pod around the agent, as scripts of the POSIX shell: any image that has one will do.
#pragma once

#include <string>

#include "edge/drivers/kubernetes/cluster.h"

namespace tradewind::kubernetes {

inline constexpr const char* work_folder = "/tradewind";
inline constexpr const char* private_folder = "/tradewind-private";  // in memory
inline constexpr const char* shared_folder = "/tradewind-shared";    // of all pods of a gang
inline constexpr const char* secrets_folder = "/tradewind-secrets";  // seen by the init step alone

// The init step: brings the agent to <work>/bin, and writes the secrets as exports to <private>/environment.
// `secrets`, `work`, `hidden`: other folders, for tests.
std::string prepare_script(const AgentSource& agent, const std::string& secrets = secrets_folder,
                           const std::string& work = work_folder, const std::string& hidden = private_folder);

// The container's first process: sh -c SCRIPT tradewind WORK PRIVATE LIMIT GRACE AGENT ARGUMENT…
// It runs the agent once, with the secrets in the agent's environment alone; turns SIGTERM (an eviction, a
// node that shuts down, an end that we asked for) into a notice file for GRACE seconds; ends the agent at
// LIMIT, or at the later time in WORK/limit; and ends with the agent's exit code, and everything in the
// container with it. 75: the pod ran already. 143 for 0 where it was told to end: a Job that completed would
// not tell an eviction from success.
//
// Of a gang, each of whose pods runs this with its number in $JOB_COMPLETION_INDEX: `gang` is the folder that
// all see. There the notice and the limit lie, so that what befalls one pod is told to all. The first runs
// the agent, to which <work>/launcher is the way to the others, and removes the folder at its end; the others
// wait for it as ranks (app/agent/waiting_ranks.h).
std::string pod_script(const std::string& gang = "", int nodes = 1);

}  // namespace tradewind::kubernetes

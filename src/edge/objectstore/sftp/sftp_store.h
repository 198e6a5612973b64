// Objects as files below a folder of a host that is reached by SSH, in the layout of the file store
// (file_store.h): the host itself may use the same folder as file:///path.
#pragma once

#include <memory>
#include <string_view>

#include "edge/cloud/variables.h"
#include "edge/io/helper_processes.h"
#include "edge/objectstore/object_store.h"
#include "edge/objectstore/store_tuning.h"

namespace tradewind::objectstore {

// `url` as sftp_url.h says; ssh as ssh_process.h says, with that environment. Nothing is sent yet: the first
// call connects, and the first put makes the folder. `helpers` are told of each ssh, and outlive the store.
// invalid_argument: the URL.
//
// - An object is written beside its place, flushed to the server's disk and then given its name in one step.
// A
//   create that is conditional needs hardlink@openssh.com, any other put posix-rename@openssh.com: a server
//   without is refused (invalid_argument), since nothing else that it has is all or nothing.
// - Connections that break are replaced, and calls go on where they were: a create whose answer was lost is
// known
//   again by its file, not by its content.
// - Where "a" is an object, "a/b" is refused (invalid_argument), and the other way round. A symbolic link is
// no
//   object (corrupt) and is left out of lists; links to folders on the way are followed by the server.
// - Times are whole seconds, and the server's.
Result<std::unique_ptr<ObjectStore>> open_sftp_store(std::string_view url,
                                                     const cloud::Variables& environment,
                                                     StoreTuning tuning = {},
                                                     io::HelperProcesses* helpers = nullptr);

}  // namespace tradewind::objectstore

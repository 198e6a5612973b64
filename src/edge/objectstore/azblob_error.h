// From an answer that refuses to a sentence that names the container, the account, who asked, and the cure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/objectstore/azblob_answer.h"
#include "edge/objectstore/azblob_credentials.h"

namespace tradewind::objectstore {

// What a call is for, in words and as the rights that it takes.
struct AzblobPurpose {
  std::string_view verb;    // "write"
  std::string_view role;    // of an identity: "Storage Blob Data Contributor"
  std::string_view letter;  // of a SAS: "c and w"
};
inline constexpr AzblobPurpose azblob_write{"write", "Storage Blob Data Contributor", "c and w"};
inline constexpr AzblobPurpose azblob_read{"read", "Storage Blob Data Reader", "r"};
inline constexpr AzblobPurpose azblob_list{"list", "Storage Blob Data Reader", "l"};
inline constexpr AzblobPurpose azblob_remove{"remove", "Storage Blob Data Contributor", "d"};

struct AzblobRefusal {
  AzblobPurpose purpose;
  std::string url;  // the store's
  std::string account;
  std::string container;
  std::string key;     // within the container; "" for a list
  std::string server;  // "https://acme.blob.core.windows.net:443"
  AzblobCredential credential;
  int status = 0;
  AzblobProblem problem;
  Time now;
};

// not_found only where the object is missing: a missing container is invalid_argument, or a ledger would look
// empty.
Error azblob_error(const AzblobRefusal& refusal);

}  // namespace tradewind::objectstore

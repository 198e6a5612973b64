// The strings are those of "Authorize with Shared Key" in the REST reference of Azure Storage, which shows no
// key; the signature was made with openssl dgst.
#include "edge/objectstore/sharedkey.h"

#include <gtest/gtest.h>

namespace tradewind::objectstore {
namespace {

SharedKeyRequest example() {
  return {"GET",
          "/mycontainer",
          {{"timeout", "20"}, {"restype", "container"}, {"comp", "metadata"}},
          {{"x-ms-version", "2015-02-21"}, {"X-MS-Date", "Fri, 26 Jun 2015 23:39:12 GMT"}, {"Host", "h"}}};
}

TEST(SharedKey, SignsTheExampleOfTheMetadataOfAContainer) {
  EXPECT_EQ(sharedkey_text(example(), "myaccount"),
            "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n"
            "/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20");
  EXPECT_EQ(sharedkey_authorization(example(), "myaccount", "a key that is no secret"),
            "SharedKey myaccount:Kab0lxU1zE0QDBn239C69OTunCKce0+MKzg+RwVpeaM=");
}

TEST(SharedKey, SignsTheExampleOfAList) {
  SharedKeyRequest request = example();
  request.query = {
      {"restype", "container"}, {"comp", "list"}, {"include", "snapshots,uncommittedblobs,metadata"}};
  EXPECT_TRUE(sharedkey_text(request, "myaccount")
                  .ends_with("\n/myaccount/mycontainer\ncomp:list\n"
                             "include:snapshots,uncommittedblobs,metadata\nrestype:container"));
}

TEST(SharedKey, SignsWhatAWriteSays) {
  SharedKeyRequest request{"PUT", "/acme/runs/a", {}, {}, 11};
  request.headers = {{"Content-Type", "text/plain"}, {"Content-MD5", "m"},
                     {"If-None-Match", "*"},         {"Range", "bytes=0-9"},
                     {"x-ms-meta-b", " two "},       {"x-ms-blob-type", "BlockBlob"}};
  EXPECT_EQ(sharedkey_text(request, "acme"),
            "PUT\n\n\n11\nm\ntext/plain\n\n\n\n*\n\nbytes=0-9\nx-ms-blob-type:BlockBlob\nx-ms-meta-b:two\n"
            "/acme/acme/runs/a")
      << "an account that is in the path is there twice";
}

}  // namespace
}  // namespace tradewind::objectstore

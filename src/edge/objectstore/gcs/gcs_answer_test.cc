#include "edge/objectstore/gcs/gcs_answer.h"

#include <gtest/gtest.h>

namespace tradewind::objectstore {
namespace {

// https://cloud.google.com/storage/docs/json_api/v1/objects: sizes and generations are texts.
TEST(GcsAnswer, AnObjectIsRead) {
  const Result<GcsObject> object = parse_gcs_object(R"({"kind": "storage#object", "name": "p/a", "size": "5",
      "generation": "1700000000000000", "updated": "2026-01-02T03:04:05.678Z", "crc32c": "4waSgw==",
      "metadata": {"tradewind-write": "abc", "other": "x"}})");
  ASSERT_TRUE(object.ok()) << describe(object.error());
  EXPECT_EQ(object->name, "p/a");
  EXPECT_EQ(object->size_bytes, 5U);
  EXPECT_EQ(format_utc(object->modified_at), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(object->mark, "abc");
  for (const char* bad : {"", "[]", "{}", R"({"name":"a","updated":"2026-01-02T03:04:05Z"})",
                          R"({"name":"a","size":"-1","updated":"2026-01-02T03:04:05Z"})",
                          R"({"name":"a","size":"1","updated":"yesterday"})"}) {
    EXPECT_EQ(parse_gcs_object(bad).error().code, Code::corrupt) << bad;
  }
}

TEST(GcsAnswer, AListIsRead) {
  const Result<GcsList> list = parse_gcs_list(R"({"nextPageToken": "CgNhL2I=", "items": [
      {"name": "a/b", "size": "1", "updated": "2026-01-02T03:04:05.678Z"},
      {"name": "a/c", "size": "0", "updated": "2026-01-02T03:04:06Z"}]})");
  ASSERT_TRUE(list.ok()) << describe(list.error());
  EXPECT_EQ(list->next_token, "CgNhL2I=");
  ASSERT_EQ(list->objects.size(), 2U);
  EXPECT_EQ(list->objects[1].name, "a/c");
  const Result<GcsList> empty = parse_gcs_list("{}");
  ASSERT_TRUE(empty.ok());
  EXPECT_TRUE(empty->objects.empty());
  for (const char* bad : {"", "[]", R"({"items":{}})", R"({"items":[{}]})", R"({"nextPageToken":1})"}) {
    EXPECT_EQ(parse_gcs_list(bad).error().code, Code::corrupt) << bad;
  }
}

// https://cloud.google.com/storage/docs/performing-resumable-uploads#status-check
TEST(GcsAnswer, HowMuchHasArrived) {
  EXPECT_EQ(parse_gcs_received("bytes=0-42"), 43U);
  EXPECT_EQ(parse_gcs_received(""), 0U) << "no header: nothing has arrived";
  for (const char* bad :
       {"bytes=1-42", "0-42", "bytes=0-", "bytes=0-4x", "bytes=0-18446744073709551615", "bytes=0--1"}) {
    EXPECT_EQ(parse_gcs_received(bad), std::nullopt) << bad;
  }
}

TEST(GcsAnswer, TheSumIsFoundAmongTheOthers) {
  EXPECT_EQ(gcs_crc32c_of({{"X-Goog-Hash", "crc32c=4waSgw==,md5=J1"}}), "4waSgw==");
  EXPECT_EQ(gcs_crc32c_of({{"x-goog-hash", "md5=J1"}, {"x-goog-hash", "crc32c=n03x6A=="}}), "n03x6A==");
  EXPECT_EQ(gcs_crc32c_of({{"x-goog-hash", "md5=J1"}}), "");
}

// The form of https://cloud.google.com/storage/docs/uploading-objects#rest-upload-objects, multipart upload.
TEST(GcsAnswer, ADraftAndItsBytesAreOneRequest) {
  const std::string draft = gcs_draft_text({"p/a", "4waSgw==", "abc"});
  EXPECT_EQ(draft, R"({"name":"p/a","contentType":"application/octet-stream","crc32c":"4waSgw==",)"
                   R"("metadata":{"tradewind-write":"abc"}})");
  EXPECT_EQ(gcs_draft_text({"p/a", "4waSgw==", ""}).find("metadata"), std::string::npos);
  const GcsMultipart made = gcs_multipart("{}", std::string("1\r\n\0-", 5), "seam");
  EXPECT_EQ(made.content_type, "multipart/related; boundary=seam");
  EXPECT_EQ(made.body,
            "--seam\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{}\r\n--seam\r\n"
            "Content-Type: application/octet-stream\r\n\r\n" +
                std::string("1\r\n\0-", 5) + "\r\n--seam--\r\n");
}

}  // namespace
}  // namespace tradewind::objectstore

#include "edge/objectstore/azblob_answer.h"

#include <gtest/gtest.h>

namespace tradewind::objectstore {
namespace {

TEST(AzblobAnswer, AListIsRead) {
  const Result<AzblobList> list = parse_azblob_list(
      "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>"
      R"(<EnumerationResults ServiceEndpoint="https://acme.blob.core.windows.net/" ContainerName="runs">)"
      "<Prefix>p/</Prefix><MaxResults>3</MaxResults><Blobs>"
      "<Blob><Name>p/a</Name><Properties><Last-Modified>Fri, 26 Jun 2015 23:39:12 GMT</Last-Modified>"
      "<Content-Length>12</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>"
      "<Blob><Name Encoded=\"true\">p%2F%FF</Name><Properties>"
      "<Last-Modified>Fri, 26 Jun 2015 23:39:12 GMT</Last-Modified><Content-Length>1</Content-Length>"
      "</Properties></Blob>"
      "<Blob><Name>p/folder</Name><Properties><ResourceType>directory</ResourceType></Properties></Blob>"
      "<Blob><Name>p/b&amp;c</Name><Properties><Last-Modified>Sat, 27 Jun 2015 00:00:00 GMT</Last-Modified>"
      "<Content-Length>0</Content-Length></Properties></Blob>"
      "<BlobPrefix><Name>p/d/</Name></BlobPrefix><BlobPrefix><Name "
      "Encoded=\"true\">p/%FF/</Name></BlobPrefix>"
      "</Blobs><NextMarker>2!next</NextMarker></EnumerationResults>");
  ASSERT_TRUE(list.ok()) << describe(list.error());
  ASSERT_EQ(list->entries.size(), 2U) << "names that XML cannot hold and folders are left out";
  EXPECT_EQ(list->entries[0].name, "p/a");
  EXPECT_EQ(list->entries[0].size_bytes, 12U);
  EXPECT_EQ(format_utc(list->entries[0].modified_at), "2015-06-26T23:39:12.000Z");
  EXPECT_EQ(list->entries[1].name, "p/b&c");
  EXPECT_EQ(list->folders, std::vector<std::string>{"p/d/"});
  EXPECT_EQ(list->next_marker, "2!next");
}

TEST(AzblobAnswer, WhatIsNoListIsCorrupt) {
  const auto blob = [](const std::string& properties) {
    return "<EnumerationResults><Blobs><Blob><Name>a</Name><Properties>" + properties +
           "</Properties></Blob></Blobs></EnumerationResults>";
  };
  for (const std::string& text :
       {std::string(), std::string("<html>"), std::string("<Error/>"), blob(""),
        blob("<Content-Length>x</Content-Length>"), blob("<Content-Length>1</Content-Length>")}) {
    const Result<AzblobList> list = parse_azblob_list(text);
    ASSERT_FALSE(list.ok()) << text;
    EXPECT_EQ(list.error().code, Code::corrupt);
  }
}

TEST(AzblobAnswer, AnErrorsFirstLineIsKept) {
  const AzblobProblem problem = parse_azblob_problem(
      "\xef\xbb\xbf<?xml version=\"1.0\"?><Error><Code>AuthenticationFailed</Code><Message>Server failed.\n"
      "RequestId:1\nTime:2</Message><AuthenticationErrorDetail>Too old.</AuthenticationErrorDetail></Error>");
  EXPECT_EQ(problem.code, "AuthenticationFailed");
  EXPECT_EQ(problem.message, "Server failed.");
  EXPECT_EQ(problem.detail, "Too old.");
  EXPECT_EQ(parse_azblob_problem("<html>Bad gateway").code, "");
}

TEST(AzblobAnswer, BlocksAreListedInOrder) {
  EXPECT_EQ(azblob_block_list({"YQ==", "Yg=="}),
            R"(<?xml version="1.0"?><BlockList><Latest>YQ==</Latest><Latest>Yg==</Latest></BlockList>)");
}

}  // namespace
}  // namespace tradewind::objectstore

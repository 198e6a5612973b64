#include "edge/objectstore/azblob_settings.h"

#include <gtest/gtest.h>

namespace tradewind::objectstore {
namespace {

TEST(AzblobSettings, AConnectionStringIsReadInAnyOrder) {
  const Result<AzureConnection> made = parse_azure_connection(
      " AccountKey=a2V5PT0=;EndpointSuffix=core.chinacloudapi.cn;AccountName=acme1;DefaultEndpointsProtocol="
      "https; ");
  ASSERT_TRUE(made.ok()) << describe(made.error());
  EXPECT_EQ(made->account, "acme1");
  EXPECT_EQ(made->key, "a2V5PT0=") << "values may hold '='";
  EXPECT_EQ(io::to_text(made->endpoint->server), "https://acme1.blob.core.chinacloudapi.cn:443");
}

TEST(AzblobSettings, AConnectionStringWithASasNamesTheAccountByItsEndpoint) {
  const Result<AzureConnection> made = parse_azure_connection(
      "BlobEndpoint=https://acme1.blob.core.windows.net/;SharedAccessSignature=?sv=1&sig=a%3D");
  ASSERT_TRUE(made.ok()) << describe(made.error());
  EXPECT_EQ(made->account, "acme1");
  EXPECT_EQ(made->sas, "sv=1&sig=a%3D");
  EXPECT_EQ(made->key, "");
}

TEST(AzblobSettings, WhatIsNoConnectionStringIsToldAndNotShown) {
  for (const char* text :
       {"hunter2", "AccountName=acme1", "AccountKey=hunter2", "AccountName=A/b;AccountKey=hunter2",
        "UseDevelopmentStorage=true", "BlobEndpoint=ftp://x;AccountKey=hunter2;AccountName=acme1"}) {
    const Result<AzureConnection> made = parse_azure_connection(text);
    ASSERT_FALSE(made.ok()) << text;
    EXPECT_NE(made.error().message.find("AZURE_STORAGE_CONNECTION_STRING"), std::string::npos)
        << describe(made.error());
    EXPECT_EQ(describe(made.error()).find("hunter2"), std::string::npos) << describe(made.error());
  }
}

TEST(AzblobSettings, AnAccountMustBeSaidSomewhere) {
  AzblobUrl url = *parse_azblob_url("azblob://runs/p");
  const Result<AzblobSettings> none = read_azblob_settings({}, url);
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.error().hint.find("account=NAME"), std::string::npos) << describe(none.error());
  ASSERT_TRUE(read_azblob_settings({{"AZURE_STORAGE_ACCOUNT", "acme1"}}, url).ok());
  EXPECT_EQ(to_text(url), "azblob://runs/p?account=acme1");
  url = *parse_azblob_url("azblob://runs/p");
  EXPECT_FALSE(read_azblob_settings({{"AZURE_STORAGE_ACCOUNT", "Acme"}}, url).ok());
}

TEST(AzblobSettings, TheEndpointOfAnotherAccountIsNotTaken) {
  const cloud::Variables environment = {
      {"AZURE_STORAGE_CONNECTION_STRING",
       "AccountName=other;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:10000/other"}};
  AzblobUrl mine = *parse_azblob_url("azblob://runs?account=acme1");
  ASSERT_TRUE(read_azblob_settings(environment, mine).ok());
  EXPECT_EQ(io::to_text(address_of(mine).server), "https://acme1.blob.core.windows.net:443");
  AzblobUrl theirs = *parse_azblob_url("azblob://runs");
  ASSERT_TRUE(read_azblob_settings(environment, theirs).ok());
  EXPECT_EQ(to_text(theirs), "azblob://runs?account=other&endpoint=http://127.0.0.1:10000/other");
}

}  // namespace
}  // namespace tradewind::objectstore

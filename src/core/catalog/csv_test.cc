#include "core/catalog/csv.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace tradewind::catalog {
namespace {

using Records = std::vector<std::vector<std::string>>;

Records read_all(std::string_view text) {
  TextPool pool;
  CsvReader reader(text, pool);
  Records records;
  while (reader.next()) {
    records.emplace_back();
    for (const std::string_view field : reader.fields()) records.back().emplace_back(field);
    if (reader.torn()) records.back().emplace_back("TORN");
  }
  return records;
}

TEST(CsvReader, splits_plain_lines_and_passes_over_comments_and_blank_lines) {
  EXPECT_EQ(read_all("# note\na,b\r\n\n1,\n,2\n"), (Records{{"a", "b"}, {"1", ""}, {"", "2"}}));
  EXPECT_EQ(read_all("\xEF\xBB\xBFx"), (Records{{"x"}}));
  EXPECT_EQ(read_all(""), Records{});
}

TEST(CsvReader, reads_quoted_fields_with_commas_quotes_and_line_ends) {
  EXPECT_EQ(read_all("\"a,b\",\"say \"\"hi\"\"\",c\nnext,\"two\nlines\"\r\nlast\n"),
            (Records{{"a,b", "say \"hi\"", "c"}, {"next", "two\nlines"}, {"last"}}));
}

TEST(CsvReader, notes_quotes_that_do_not_fit) {
  EXPECT_EQ(read_all("a,\"open\nnever"), (Records{{"a", "open\nnever", "TORN"}}));
  EXPECT_EQ(read_all("\"a\"b,c\nd"), (Records{{"a", "c", "TORN"}, {"d"}}));
  EXPECT_EQ(read_all("a\"b\"\n"), (Records{{"a\"b\"", "TORN"}}));
}

TEST(CsvReader, counts_lines_over_quoted_line_ends) {
  TextPool pool;
  CsvReader reader("# c\n\"a\nb\"\n\nlast", pool);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.line(), 2);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.line(), 5);
  EXPECT_FALSE(reader.next());
}

TEST(CsvHeader, finds_columns_in_any_order_and_leaves_out_optional_ones) {
  constexpr std::string_view names[] = {"price", "place", "note"};
  TextPool pool;
  CsvReader reader("place,price\n", pool);
  const Result<std::vector<int>> positions = read_csv_header(reader, names, 2);
  ASSERT_TRUE(positions.ok());
  EXPECT_EQ(*positions, (std::vector<int>{1, 0, -1}));
}

TEST(CsvHeader, names_what_is_unknown_missing_or_double) {
  constexpr std::string_view names[] = {"price", "place", "note"};
  const auto fault_of = [&names](std::string_view text) {
    TextPool pool;
    CsvReader reader(text, pool);
    return describe(read_csv_header(reader, names, 2).error());
  };
  EXPECT_EQ(fault_of("prise,place\n"), "unknown column 'prise' (did you mean price?)");
  EXPECT_EQ(fault_of("price\n"), "column 'place' is missing (docs/catalogue.md lists the columns)");
  EXPECT_EQ(fault_of("price,place,price\n"), "column 'price' stands there twice");
  EXPECT_EQ(fault_of(""), "the file is empty (see docs/catalogue.md)");
}

}  // namespace
}  // namespace tradewind::catalog

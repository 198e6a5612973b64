// Tables for people: columns as wide as they need, made to fit the terminal.
#pragma once

#include <string>
#include <vector>

#include "app/cli/terminal.h"

namespace tradewind::cli {

enum class Align { left, right };

struct Column {
  std::string title;
  Align align = Align::left;
  // What gives way first on a narrow terminal: 0 never, then 1, 2 … A column that would become narrower than
  // its title is left out.
  int yields = 0;
  // Where it gives way: its text loses its beginning instead of its end.
  bool keep_end = false;
};

struct Cell {
  Cell() = default;
  // Rows are lists of texts.
  Cell(std::string content, Style painted = Style::plain)  // NOLINT(google-explicit-constructor)
      : text(std::move(content)), style(painted) {}
  Cell(const char* content) : text(content) {}  // NOLINT(google-explicit-constructor)
  std::string text;
  Style style = Style::plain;
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
};

// A title line and a line for each row, columns apart by two blanks, no blanks at the ends. `width` 0: no
// limit.
std::string render(const Table& table, int width, bool colour);

}  // namespace tradewind::cli

#include "app/cli/table.h"

#include <algorithm>

#include "app/cli/text_width.h"

namespace tradewind::cli {
namespace {

constexpr int gap = 2;

std::vector<int> natural_widths(const Table& table) {
  std::vector<int> widths;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    int width = display_width(table.columns[i].title);
    for (const std::vector<Cell>& row : table.rows) {
      if (i < row.size()) width = std::max(width, display_width(printable(row[i].text)));
    }
    widths.push_back(width);
  }
  return widths;
}

int total_of(const std::vector<int>& widths) {
  int total = 0;
  for (const int width : widths) {
    if (width > 0) total += width + gap;
  }
  return total - gap;
}

// Narrows columns in the order in which they yield, until the table fits or nothing yields any more. Width 0:
// left out.
void fit(const Table& table, std::vector<int>& widths, int width) {
  int most = 0;
  for (const Column& column : table.columns) most = std::max(most, column.yields);
  for (int turn = most; turn > 0 && total_of(widths) > width; --turn) {
    for (std::size_t i = table.columns.size(); i-- > 0 && total_of(widths) > width;) {
      if (table.columns[i].yields != turn) continue;
      const int least = display_width(table.columns[i].title);
      const int excess = total_of(widths) - width;
      widths[i] = widths[i] - excess >= least ? widths[i] - excess : 0;
    }
  }
}

std::string cell_text(const Column& column, const Cell& cell, int width, bool last, bool colour) {
  const std::string plain = printable(cell.text);
  const std::string text = column.keep_end ? shorten_front(plain, width) : shorten(plain, width);
  const std::string padding(static_cast<std::size_t>(std::max(width - display_width(text), 0)), ' ');
  const std::string painted = paint(cell.style, text, colour);
  if (column.align == Align::right) return padding + painted;
  return last ? painted : painted + padding;
}

std::string line_of(const Table& table, const std::vector<Cell>& row, const std::vector<int>& widths,
                    bool colour) {
  std::size_t last = 0;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] > 0) last = i;
  }
  std::string line;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] == 0) continue;
    if (!line.empty()) line.append(gap, ' ');
    line += cell_text(table.columns[i], i < row.size() ? row[i] : Cell(), widths[i], i == last, colour);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string render(const Table& table, int width, bool colour) {
  std::vector<int> widths = natural_widths(table);
  if (width > 0) fit(table, widths, width);
  std::vector<Cell> titles;
  for (const Column& column : table.columns) titles.emplace_back(column.title, Style::bold);
  std::string out = line_of(table, titles, widths, colour);
  for (const std::vector<Cell>& row : table.rows) out += line_of(table, row, widths, colour);
  return out;
}

}  // namespace tradewind::cli

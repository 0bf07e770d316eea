#include "actors/venues/binance/book_builder.hpp"
#include "actors/venues/binance/frames.hpp"
#include "actors/venues/common/wire.hpp"
#include "core/clock.hpp"
#include "report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>
#include <zlib.h>

/// Venue messages: ours to exact decimals beside simdjson's own on-demand decode to doubles, in the
/// same run, and the whole way from a message to a snapshot that readers can have.
///   bench_venues [recorded .log.gz of Binance's combined streams ...]
/// Without recordings, messages of the same shapes are made.
namespace {

namespace binance = troupe::venues::binance;
namespace ondemand = simdjson::ondemand;
namespace wire = troupe::venues::wire;
using troupe::bench::median;
using troupe::core::monotonic_ns;
using troupe::trading::Price;

constexpr int runs = 7;

struct Corpus {
  std::vector<std::string> depth; ///< diffs, in order, padded
  std::vector<std::string> trades;
  std::vector<std::string> all; ///< everything, in order
  std::string snapshot;
};

void add_line(Corpus& corpus, std::string_view line) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos) {
    return;
  }
  auto text = wire::padded(line.substr(space + 1));
  if (text.starts_with("{\"lastUpdateId\"")) {
    corpus.snapshot = text;
  } else if (text.find("@depth") != std::string::npos) {
    corpus.depth.push_back(wire::padded(text));
  } else if (text.find("@trade") != std::string::npos) {
    corpus.trades.push_back(wire::padded(text));
  }
  corpus.all.push_back(std::move(text));
}

bool read_recording(Corpus& corpus, const char* path) {
  gzFile file = gzopen(path, "rb");
  if (file == nullptr) {
    std::printf("skipped: %s cannot be read\n", path);
    return false;
  }
  std::string text;
  std::vector<char> chunk(1 << 20);
  for (int n = 0; (n = gzread(file, chunk.data(), static_cast<unsigned>(chunk.size()))) > 0;) {
    text.append(chunk.data(), static_cast<std::size_t>(n));
  }
  gzclose(file);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    add_line(corpus, std::string_view{text}.substr(at, end - at));
    at = end + 1;
  }
  return true;
}

std::string decimal(unsigned n, unsigned whole) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%u.%08u", whole + n / 100 % 1000, n % 100 * 1000000);
  return text.data();
}

/// Messages as the recording has them, where there is none.
void make_corpus(Corpus& corpus) {
  unsigned id = 1000;
  const auto side = [&](unsigned base, unsigned levels) {
    std::string out = "[";
    for (unsigned i = 0; i < levels; ++i) {
      out += (i == 0 ? "[\"" : ",[\"") + decimal((id * 7919 + i * 104729) % 100000, base) + "\",\""
             + decimal((id + i * 31) % 99991, 0) + "\"]";
    }
    return out + "]";
  };
  corpus.snapshot = wire::padded(R"({"lastUpdateId":1000,"bids":[["60000.00000000","1.00000000"]],)"
                                 R"("asks":[["63000.00000000","1.00000000"]]})");
  for (int i = 0; i < 6000; ++i, ++id) {
    const auto number = std::to_string(id + 1);
    const auto depth =
      R"(1 {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":)"
      + number + R"(,"u":)" + number + R"(,"b":)" + side(60000, id % 40) + R"(,"a":)"
      + side(63000, id % 37) + "}}";
    add_line(corpus, depth);
    for (int k = 0; k < 3; ++k) {
      add_line(
        corpus,
        R"(1 {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":)"
          + number + R"(,"p":")" + decimal(id % 99991, 61000)
          + R"(","q":"0.02000000","T":1723161255342,"m":true,"M":true}})");
    }
  }
}

/// What a user of simdjson writes: on-demand, doubles.
class Doubles {
public:
  void depth(const std::string& text) {
    auto document = parser_.iterate(text);
    ondemand::object data = document.find_field("data").get_object();
    sink += static_cast<double>(uint64_t{data.find_field("E")});
    sink += static_cast<double>(uint64_t{data.find_field("U")});
    sink += static_cast<double>(uint64_t{data.find_field("u")});
    levels_.clear();
    side(data.find_field("b").get_array());
    side(data.find_field("a").get_array());
    sink += levels_.empty() ? 0.0 : levels_.back().second;
  }
  void trade(const std::string& text) {
    auto document = parser_.iterate(text);
    ondemand::object data = document.find_field("data").get_object();
    sink += static_cast<double>(uint64_t{data.find_field("E")});
    sink += static_cast<double>(uint64_t{data.find_field("t")});
    sink += double{data.find_field("p").get_double_in_string()};
    sink += double{data.find_field("q").get_double_in_string()};
    sink += static_cast<double>(uint64_t{data.find_field("T")});
    sink += bool{data.find_field("m")} ? 1.0 : 0.0;
  }
  double sink = 0.0;

private:
  void side(ondemand::array levels) {
    for (ondemand::array level : levels) {
      auto at = level.begin();
      const double price = (*at).get_double_in_string();
      ++at;
      const double quantity = (*at).get_double_in_string();
      levels_.emplace_back(price, quantity);
    }
  }
  ondemand::parser parser_;
  std::vector<std::pair<double, double>> levels_;
};

template <class F>
double rate(const std::vector<std::string>& texts, F&& each) {
  const auto started = monotonic_ns();
  for (const auto& text : texts) {
    each(text);
  }
  return static_cast<double>(texts.size()) * 1e9 / static_cast<double>(monotonic_ns() - started);
}

void compare(const char* name, const std::vector<std::string>& texts, bool is_depth) {
  if (texts.empty()) {
    return;
  }
  binance::FrameDecoder decoder;
  Doubles doubles;
  std::vector<double> ours;
  std::vector<double> theirs;
  std::vector<double> ratios;
  std::size_t bytes = 0;
  for (const auto& text : texts) {
    bytes += text.size();
  }
  for (int i = 0; i < runs; ++i) {
    theirs.push_back(rate(texts, [&](const std::string& text) {
      is_depth ? doubles.depth(text) : doubles.trade(text);
    }));
    ours.push_back(rate(texts, [&](const std::string& text) {
      if (!decoder.decode(text)) {
        std::puts("a message was refused");
        std::exit(1);
      }
    }));
    ratios.push_back(ours.back() / theirs.back());
  }
  troupe::bench::print_row(std::string(name) + " frame to exact decimals", median(ours) / 1e3,
                           "k/s", "simdjson on-demand to doubles", median(theirs) / 1e3,
                           median(ratios), std::to_string(bytes / texts.size()) + " B a frame");
}

/// Bare decode of every message by simdjson, for the target of the whole way.
double bare_rate(const Corpus& corpus) {
  Doubles doubles;
  return rate(corpus.all, [&](const std::string& text) {
    if (text.find("@depth", 0) != std::string::npos) {
      doubles.depth(text);
    } else if (text.find("@trade", 0) != std::string::npos) {
      doubles.trade(text);
    }
  });
}

/// Decode, normalise, apply, and the snapshot of 20 levels that BookChanged carries.
std::vector<double> whole_way(const Corpus& corpus) {
  binance::FrameDecoder decoder;
  binance::BookBuilder book{{"BTC-USDT", "BINANCE"}, *Price::from_text("0.01")};
  std::vector<double> took;
  took.reserve(corpus.all.size());
  std::size_t snapshots = 0;
  for (const auto& text : corpus.all) {
    const auto started = monotonic_ns();
    const auto frame = decoder.decode(text);
    if (!frame) {
      std::puts("a message was refused");
      std::exit(1);
    }
    const auto& message = **frame;
    if (message.kind == binance::FrameKind::DEPTH_UPDATE
        && book.apply(message.diff) == troupe::venues::BookStep::APPLIED) {
      const auto snapshot = book.book().depth(20);
      snapshots += snapshot.bids.size();
    } else if (message.kind == binance::FrameKind::PARTIAL_DEPTH) {
      (void)book.apply(message.depth, {});
    } else if (message.kind == binance::FrameKind::TRADE) {
      const troupe::trading::Trade trade{book.book().instrument(), message.trade.price,
                                         message.trade.quantity,   message.trade.aggressor,
                                         message.trade.id,         message.trade.time,
                                         message.trade.time};
      snapshots += trade.trade_id == 0 ? 1 : 0;
    }
    took.push_back(static_cast<double>(monotonic_ns() - started));
  }
  if (snapshots == 0) {
    std::puts("no book came of it");
    std::exit(1);
  }
  return took;
}

void measure_whole_way(const Corpus& corpus) {
  std::vector<double> rates;
  std::vector<double> ratios;
  std::vector<double> took;
  for (int i = 0; i < runs; ++i) {
    const auto bare = bare_rate(corpus);
    took = whole_way(corpus);
    double sum = 0.0;
    for (const auto ns : took) {
      sum += ns;
    }
    rates.push_back(static_cast<double>(took.size()) * 1e9 / sum);
    ratios.push_back(rates.back() / bare);
  }
  std::sort(took.begin(), took.end());
  const auto at = [&](double part) {
    return took[static_cast<std::size_t>(part * static_cast<double>(took.size() - 1))] / 1e3;
  };
  std::array<char, 96> note{};
  std::snprintf(note.data(), note.size(),
                "p50 %.2f us, p99 %.2f us, p99.9 %.2f us, clock reads included", at(0.5), at(0.99),
                at(0.999));
  troupe::bench::print_row("decode, normalise, apply, snapshot of 20 levels", median(rates) / 1e3,
                           "k/s", "simdjson's bare decode", median(rates) / median(ratios) / 1e3,
                           median(ratios), note.data());
}

} // namespace

int main(int argc, char** argv) {
  Corpus corpus;
  bool recorded = false;
  for (int i = 1; i < argc; ++i) {
    recorded = read_recording(corpus, argv[i]) || recorded;
  }
  if (!recorded) {
    make_corpus(corpus);
    corpus.all.insert(corpus.all.begin(), wire::padded(corpus.snapshot));
  }
  std::printf("%s, %d runs, medians, one core\n",
              recorded ? "recorded Binance frames" : "made messages", runs);
  compare("depth", corpus.depth, true);
  compare("trade", corpus.trades, false);
  measure_whole_way(corpus);
  return 0;
}

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
#include <utility>
#include <vector>
#include <zlib.h>

/// Venue messages: ours to exact decimals beside simdjson's own on-demand decode of the same fields
/// to doubles, in the same run, and the whole way from a message to a snapshot that readers can
/// have beside that bare decode of the same messages.
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
  std::vector<std::string> tickers;          ///< best bid and ask
  std::vector<std::string> depth_and_trades; ///< in order
  std::string snapshot;
};

void add_line(Corpus& corpus, std::string_view line) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos) {
    return;
  }
  auto text = wire::padded(line.substr(space + 1));
  const bool is_depth = text.find("@depth") != std::string::npos;
  if (text.starts_with("{\"lastUpdateId\"")) {
    corpus.snapshot = std::move(text);
  } else if (is_depth || text.find("@trade") != std::string::npos) {
    (is_depth ? corpus.depth : corpus.trades).push_back(wire::padded(text));
    corpus.depth_and_trades.push_back(std::move(text));
  } else if (text.find("@bookTicker") != std::string::npos) {
    corpus.tickers.push_back(std::move(text));
  }
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

/// What a user of simdjson writes: on-demand, fields in the venue's order, doubles; every field
/// that ours reads.
class Doubles {
public:
  struct Message {
    std::string_view stream;
    std::string_view type;
    std::string_view symbol;
    std::uint64_t event = 0;
    std::uint64_t first_id = 0;
    std::uint64_t last_id = 0;
    std::uint64_t time = 0;
    double price = 0.0;
    double quantity = 0.0;
    bool buyer_is_maker = false;
    std::vector<std::pair<double, double>> bids;
    std::vector<std::pair<double, double>> asks;
  };

  const Message& decode(const std::string& text) {
    auto document = parser_.iterate(text);
    message_.stream = document.find_field("stream").get_string();
    ondemand::object data = document.find_field("data").get_object();
    message_.type = data.find_field("e").get_string();
    message_.event = data.find_field("E").get_uint64();
    message_.symbol = data.find_field("s").get_string();
    if (message_.type == "depthUpdate") {
      depth(data);
    } else if (message_.type == "trade") {
      trade(data);
    }
    return message_;
  }
  /// A book ticker has no type.
  const Message& ticker(const std::string& text) {
    auto document = parser_.iterate(text);
    message_.stream = document.find_field("stream").get_string();
    ondemand::object data = document.find_field("data").get_object();
    message_.last_id = data.find_field("u").get_uint64();
    message_.symbol = data.find_field("s").get_string();
    message_.bids.resize(1);
    message_.asks.resize(1);
    auto& [bid, bid_quantity] = message_.bids.front();
    auto& [ask, ask_quantity] = message_.asks.front();
    bid = data.find_field("b").get_double_in_string();
    bid_quantity = data.find_field("B").get_double_in_string();
    ask = data.find_field("a").get_double_in_string();
    ask_quantity = data.find_field("A").get_double_in_string();
    return message_;
  }

private:
  void depth(ondemand::object& data) {
    message_.first_id = data.find_field("U").get_uint64();
    message_.last_id = data.find_field("u").get_uint64();
    side(data.find_field("b").get_array(), message_.bids);
    side(data.find_field("a").get_array(), message_.asks);
  }
  void trade(ondemand::object& data) {
    message_.last_id = data.find_field("t").get_uint64();
    message_.price = data.find_field("p").get_double_in_string();
    message_.quantity = data.find_field("q").get_double_in_string();
    message_.time = data.find_field("T").get_uint64();
    message_.buyer_is_maker = data.find_field("m").get_bool();
  }
  static void side(ondemand::array from, std::vector<std::pair<double, double>>& levels) {
    levels.clear();
    for (ondemand::array level : from) {
      auto at = level.begin();
      const double price = (*at).get_double_in_string();
      ++at;
      const double quantity = (*at).get_double_in_string();
      levels.emplace_back(price, quantity);
    }
  }

  ondemand::parser parser_;
  Message message_;
};

template <class F>
double rate(const std::vector<std::string>& texts, F&& each) {
  const auto started = monotonic_ns();
  for (const auto& text : texts) {
    each(text);
  }
  return static_cast<double>(texts.size()) * 1e9 / static_cast<double>(monotonic_ns() - started);
}

[[noreturn]] void fail(const char* what) {
  std::puts(what);
  std::exit(1);
}

double sink = 0.0; // what is computed must not be thrown away

template <class Theirs>
void compare(const char* name, const std::vector<std::string>& texts, Theirs&& their_decode) {
  if (texts.empty()) {
    return;
  }
  binance::FrameDecoder decoder;
  std::vector<double> ours;
  std::vector<double> theirs;
  std::vector<double> ratios;
  std::size_t bytes = 0;
  for (const auto& text : texts) {
    bytes += text.size();
  }
  for (int i = 0; i < runs; ++i) {
    theirs.push_back(rate(texts, their_decode));
    ours.push_back(rate(texts, [&](const std::string& text) {
      if (!decoder.decode(text)) {
        fail("a message was refused");
      }
    }));
    ratios.push_back(ours.back() / theirs.back());
  }
  troupe::bench::print_row(std::string(name) + " frame to exact decimals", median(ours) / 1e3,
                           "k/s", "simdjson on-demand to doubles", median(theirs) / 1e3,
                           median(ratios), std::to_string(bytes / texts.size()) + " B a frame");
}

/// From a message to what readers have: decoded, applied to the book or made a trade of ours, and
/// after each update of the book the snapshot of 20 levels that BookChanged carries.
class WholeWay {
public:
  explicit WholeWay(const Corpus& corpus) {
    const auto frame = decoder_.decode(corpus.snapshot);
    if (!frame || (*frame)->kind != binance::FrameKind::PARTIAL_DEPTH) {
      fail("the snapshot was refused");
    }
    first_ = (*frame)->depth;
  }

  /// To be called before each run.
  void begin() {
    book_.reset();
    if (book_.apply(first_, {}) != troupe::venues::BookStep::APPLIED) {
      fail("the snapshot does not fit a book");
    }
  }
  void take(const std::string& text) {
    const auto frame = decoder_.decode(text);
    if (!frame) {
      fail("a message was refused");
    }
    const auto& message = **frame;
    if (message.kind == binance::FrameKind::TRADE) {
      trade_ = {book_.book().instrument(), message.trade.price, message.trade.quantity,
                message.trade.aggressor,   message.trade.id,    message.trade.time,
                message.trade.time};
      return;
    }
    if (book_.apply(message.diff) == troupe::venues::BookStep::APPLIED) {
      book_.book().depth(20, snapshot_);
      ++published_;
    }
  }
  /// Snapshots of the last run.
  [[nodiscard]] std::size_t take_published() { return std::exchange(published_, 0); }

private:
  binance::FrameDecoder decoder_;
  binance::BookBuilder book_{{"BTC-USDT", "BINANCE"}, *Price::from_text("0.01")};
  binance::DepthSnapshot first_;
  troupe::trading::Trade trade_;
  troupe::trading::BookSnapshot snapshot_;
  std::size_t published_ = 0;
};

void measure_whole_way(const Corpus& corpus) {
  Doubles doubles;
  WholeWay way{corpus};
  std::vector<double> rates;
  std::vector<double> ratios;
  const auto& texts = corpus.depth_and_trades;
  for (int i = 0; i < runs; ++i) {
    const auto bare =
      rate(texts, [&](const std::string& text) { sink += doubles.decode(text).price; });
    way.begin();
    rates.push_back(rate(texts, [&](const std::string& text) { way.take(text); }));
    ratios.push_back(rates.back() / bare);
    if (way.take_published() < corpus.depth.size() * 9 / 10) {
      fail("the book was lost");
    }
  }
  std::vector<double> took; // of a run of its own, for the clock costs as much as a trade
  took.reserve(texts.size());
  way.begin();
  for (const auto& text : texts) {
    const auto started = monotonic_ns();
    way.take(text);
    took.push_back(static_cast<double>(monotonic_ns() - started));
  }
  std::sort(took.begin(), took.end());
  const auto at = [&](double part) {
    return took[static_cast<std::size_t>(part * static_cast<double>(took.size() - 1))] / 1e3;
  };
  std::array<char, 128> note{};
  std::snprintf(note.data(), note.size(),
                "%zu depth, %zu trades; p50 %.2f us, p99 %.2f us, p99.9 %.2f us with clock reads",
                corpus.depth.size(), corpus.trades.size(), at(0.5), at(0.99), at(0.999));
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
  }
  std::printf("%s, %d runs, medians, one core\n",
              recorded ? "recorded Binance frames" : "made messages", runs);
  Doubles doubles;
  const auto bare = [&](const std::string& text) { sink += doubles.decode(text).price; };
  compare("depth", corpus.depth, bare);
  compare("trade", corpus.trades, bare);
  compare("book ticker", corpus.tickers,
          [&](const std::string& text) { sink += doubles.ticker(text).bids.front().first; });
  measure_whole_way(corpus);
  return sink > 0.0 ? 0 : 1;
}

#include "actors/venues/replay/merge.hpp"

namespace troupe::venues::replay {

core::Result<ReplayMerge> ReplayMerge::open(const ReplaySettings& settings) {
  if (const auto problems = check(settings); !problems.empty()) {
    return core::Error{core::Errc::INVALID_ARGUMENT, problems.front().text()};
  }
  ReplayMerge merge{settings};
  if (auto started = merge.restart(); !started) {
    return started.error();
  }
  return merge;
}

core::Result<void> ReplayMerge::restart() {
  std::vector<Source> sources;
  for (const auto& file : settings_.files) {
    auto reader = RecordReader::open(file, settings_.name);
    if (!reader) {
      return reader.error();
    }
    auto head = reader->next();
    if (!head) {
      return head.error();
    }
    sources.push_back({std::move(*reader), std::move(*head), 0});
  }
  sources_ = std::move(sources);
  failed_.reset();
  return {};
}

const ReplayMerge::Source* ReplayMerge::earliest() const {
  const Source* best = nullptr;
  for (const auto& source : sources_) {
    if (source.head && (best == nullptr || source.head->at < best->head->at)) {
      best = &source;
    }
  }
  return best;
}

core::Result<void> ReplayMerge::next(std::size_t count, std::vector<ReplayEvent>& out) {
  for (; count > 0 && !failed_; --count) {
    const auto* best = earliest();
    if (best == nullptr) {
      return {};
    }
    const auto index = static_cast<std::size_t>(best - sources_.data());
    auto& source = sources_[index];
    out.push_back({index, std::move(*source.head)});
    ++source.events;
    auto head = source.reader.next();
    if (head) {
      source.head = std::move(*head);
    } else {
      source.head.reset();
      failed_ = head.error();
    }
  }
  if (failed_) {
    return *failed_;
  }
  return {};
}

std::optional<core::Timestamp> ReplayMerge::next_at() const {
  const auto* best = failed_ ? nullptr : earliest();
  return best == nullptr ? std::nullopt : std::optional{best->head->at};
}

std::vector<FileProgress> ReplayMerge::progress() const {
  std::vector<FileProgress> out;
  for (const auto& [reader, head, events] : sources_) {
    out.push_back(
      {reader.file().path, reader.progress(), events, reader.refused(), reader.errors()});
  }
  return out;
}

double ReplayMerge::fraction() const {
  double sum = 0.0;
  for (const auto& source : sources_) {
    sum += source.reader.progress();
  }
  return sources_.empty() ? 1.0 : sum / static_cast<double>(sources_.size());
}

} // namespace troupe::venues::replay

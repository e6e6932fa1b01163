// SPDX-License-Identifier: Apache-2.0
#include <lt/core/hook_arguments.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>

namespace {

struct Batch {};
struct Types {
  using TrainBatch = Batch;
  using ValBatch = void;
};

static_assert(std::same_as<lt::hook_type::TrainBatch<Types>, Batch>);
static_assert(std::same_as<lt::hook_type::ValBatch<Types>, lt::Unspecified>);
static_assert(std::same_as<lt::hook_type::TestBatch<Types>, lt::Unspecified>);
static_assert(std::same_as<lt::hook_arguments<lt::hook::on_fit_start, Types>, lt::Arguments<>>);
static_assert(std::same_as<lt::hook_arguments<lt::hook::setup, Types>, lt::Arguments<lt::RunFn>>);
static_assert(std::same_as<lt::hook_arguments<lt::hook::on_train_batch_start, Types>,
                           lt::Arguments<const Batch&, std::int64_t>>);

template <class... Ts>
constexpr std::size_t count(lt::Arguments<Ts...>) {
  return sizeof...(Ts);
}

}  // namespace

TEST_CASE("every hook has as many argument types as its text in hooks.def has arguments") {
  const auto same = []<class H>(H) {
    const std::string_view text = lt::hook_info(H::id).arguments;
    const auto commas = static_cast<std::size_t>(std::count(text.begin(), text.end(), ','));
    CAPTURE(text);
    CHECK(count(lt::hook_arguments<H, Types>{}) == (text == "()" ? 0 : commas + 1));
  };
#define LT_HOOK(name, who, log_rule, arguments, sentence) same(lt::hook::name{});
#include <lt/core/hooks.def>
#undef LT_HOOK
}

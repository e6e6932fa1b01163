// SPDX-License-Identifier: Apache-2.0
// Checks of options: one row for each rule, used at run time and at compile time alike.
//
//   LT_CHECKS(lt::TrainerOptions,
//             LT_CHECK(E120, max_epochs, !o.max_epochs || *o.max_epochs >= -1,
//                      "must be -1 (no limit) or more"))
//
// `lt::validate(options)` throws lt::ConfigError with that text and the value found;
// `lt::checked<[] { return lt::TrainerOptions{.max_epochs = 5}; }>()` returns the options, or makes
// the text the first error line of the compiler.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/preprocessor.hpp"
#include "lt/core/text.hpp"

#include <string>
#include <string_view>

namespace lt {

/// Specialised by LT_CHECKS; the primary template means: nothing to check.
template <class T>
struct Checks {
  template <class Visitor>
  static constexpr void each(Visitor&&) {}
};

/// Throws lt::ConfigError for the first check of `options` that does not hold. `where` names the
/// object in the message, for example "Trainer".
template <class T>
void validate(const T& options, std::string_view where) {
  Checks<T>::each([&]<class Row>(Row) {
    if (!Row::holds(options)) {
      throw ConfigError(text("lt[", Row::code, "] ", where, ": ", Row::field, " ", Row::rule,
                             "; found ", Row::field, " = ", Row::found(options)));
    }
  });
}

namespace detail {
template <auto Make>
struct CheckAll {
  template <class Row>
  constexpr void operator()(Row) const {
    Row::template require<Row::holds(Make())>();
  }
};
}  // namespace detail

/// The options that `Make` returns, checked while compiling.
template <auto Make>
constexpr auto checked() {
  Checks<decltype(Make())>::each(detail::CheckAll<Make>{});
  return Make();
}

}  // namespace lt

/// One rule for LT_CHECKS: a stable code, the field it is about, a condition on `o`, and what the
/// field must be.
#define LT_CHECK(code, field, condition, rule) (code, field, condition, rule)

/// Writes down the checks of an options type; once, in the global namespace.
#define LT_CHECKS(Type, ...)                                   \
  template <>                                                  \
  struct lt::Checks<Type> {                                    \
    LT_DETAIL_EACH(LT_DETAIL_CHECK_ROW, Type, __VA_ARGS__)     \
    template <class Visitor>                                   \
    static constexpr void each(Visitor&& visit) {              \
      LT_DETAIL_EACH(LT_DETAIL_CHECK_CALL, Type, __VA_ARGS__)  \
    }                                                          \
  };

#define LT_DETAIL_CHECK_ROW(Type, row) LT_DETAIL_CHECK_ROW_2(Type, LT_DETAIL_UNWRAP row)
#define LT_DETAIL_CHECK_ROW_2(...) LT_DETAIL_CHECK_ROW_3(__VA_ARGS__)
#define LT_DETAIL_CHECK_ROW_3(Type, CODE, FIELD, CONDITION, RULE)                       \
  struct CODE {                                                                         \
    static constexpr std::string_view code = #CODE;                                     \
    static constexpr std::string_view field = #FIELD;                                   \
    static constexpr std::string_view rule = RULE;                                      \
    static constexpr bool holds(const Type& o) { return CONDITION; }                    \
    static constexpr const auto& found(const Type& o) { return o.FIELD; }               \
    template <bool Holds>                                                               \
    static constexpr void require() {                                                   \
      static_assert(Holds, "lt[" #CODE "] " #FIELD " " RULE);                           \
    }                                                                                   \
  };

#define LT_DETAIL_CHECK_CALL(Type, row) LT_DETAIL_CHECK_CALL_2(LT_DETAIL_UNWRAP row)
#define LT_DETAIL_CHECK_CALL_2(...) LT_DETAIL_CHECK_CALL_3(__VA_ARGS__)
#define LT_DETAIL_CHECK_CALL_3(CODE, ...) visit(CODE{});

// SPDX-License-Identifier: Apache-2.0
// Applies a macro to each argument of a list: what LT_REFLECT and LT_CHECKS are made of.
#pragma once
// The compiler leaves out its notes on macros of system headers: an error message stays short.
#pragma GCC system_header

#define LT_DETAIL_PARENS ()
#define LT_DETAIL_EXPAND(...) \
  LT_DETAIL_EXPAND3(LT_DETAIL_EXPAND3(LT_DETAIL_EXPAND3(LT_DETAIL_EXPAND3(__VA_ARGS__))))
#define LT_DETAIL_EXPAND3(...) \
  LT_DETAIL_EXPAND2(LT_DETAIL_EXPAND2(LT_DETAIL_EXPAND2(LT_DETAIL_EXPAND2(__VA_ARGS__))))
#define LT_DETAIL_EXPAND2(...) \
  LT_DETAIL_EXPAND1(LT_DETAIL_EXPAND1(LT_DETAIL_EXPAND1(LT_DETAIL_EXPAND1(__VA_ARGS__))))
#define LT_DETAIL_EXPAND1(...) __VA_ARGS__

// LT_DETAIL_LIST(m, t, a, b) is `m(t, a), m(t, b)`; LT_DETAIL_EACH the same without commas.
#define LT_DETAIL_LIST(macro, type, ...) \
  __VA_OPT__(LT_DETAIL_EXPAND(LT_DETAIL_LIST_STEP(macro, type, __VA_ARGS__)))
#define LT_DETAIL_LIST_STEP(macro, type, first, ...) \
  macro(type, first) __VA_OPT__(, LT_DETAIL_LIST_AGAIN LT_DETAIL_PARENS(macro, type, __VA_ARGS__))
#define LT_DETAIL_LIST_AGAIN() LT_DETAIL_LIST_STEP

#define LT_DETAIL_EACH(macro, type, ...) \
  __VA_OPT__(LT_DETAIL_EXPAND(LT_DETAIL_EACH_STEP(macro, type, __VA_ARGS__)))
#define LT_DETAIL_EACH_STEP(macro, type, first, ...) \
  macro(type, first) __VA_OPT__(LT_DETAIL_EACH_AGAIN LT_DETAIL_PARENS(macro, type, __VA_ARGS__))
#define LT_DETAIL_EACH_AGAIN() LT_DETAIL_EACH_STEP

#define LT_DETAIL_UNWRAP(...) __VA_ARGS__

// SPDX-License-Identifier: Apache-2.0
// The parts of a trainer: those of the user, those that stand in for what is missing, and those that
// the model brings; and the order in which their hooks are called.
#pragma once

#include "lt/core/part_list.hpp"
#include "lt/core/parts.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lt {

/// Which callbacks are meant: Lightning calls them in the order of the list, but those that tune come
/// first and those that save checkpoints last, and at the end of a training epoch those that monitor
/// a metric come after the model.
enum class CallbackGroup : std::uint8_t {
  tuner,
  not_checkpoint,
  checkpoint,
  not_monitoring,
  monitor
};

template <class P>
constexpr bool in_group(CallbackGroup group) {
  switch (group) {
    case CallbackGroup::tuner:
      return order_of<P> == CallbackOrder::tuner;
    case CallbackGroup::not_checkpoint:
      return order_of<P> != CallbackOrder::checkpoint && order_of<P> != CallbackOrder::tuner;
    case CallbackGroup::checkpoint:
      return order_of<P> == CallbackOrder::checkpoint;
    case CallbackGroup::not_monitoring:
      return order_of<P> == CallbackOrder::normal || order_of<P> == CallbackOrder::tuner;
    case CallbackGroup::monitor:
      return order_of<P> == CallbackOrder::monitor;
  }
  return false;
}

/// Whether there may be a callback among them that comes before all others. Trainers without one
/// have no code for it.
template <class P>
inline constexpr bool has_tuner_part = order_of<P> == CallbackOrder::tuner;
template <class... Ps>
inline constexpr bool has_tuner_part<PartList<Ps...>> = (has_tuner_part<Ps> || ...);
template <class... Ps>
inline constexpr bool has_tuner_part<std::tuple<Ps...>> = (has_tuner_part<Ps> || ...);

/// A default part that may be switched off.
template <class P>
struct DefaultSlot {
  std::optional<P> part;
};

namespace detail {
template <class P>
inline constexpr bool is_default_slot = false;
template <class P>
inline constexpr bool is_default_slot<DefaultSlot<P>> = true;

// True when one of `Ps` takes the place of default `D`.
template <class D, class... Ps>
inline constexpr bool is_substituted =
    substitute_of<D> != DefaultPart::none &&
    ((substitute_of<Ps> == substitute_of<D> && role_of<Ps> != Role::list) || ...);

template <class Defaults, class... Ps>
struct NeededDefaults;
template <class... Ds, class... Ps>
struct NeededDefaults<std::tuple<Ds...>, Ps...> {
  using type = decltype(std::tuple_cat(
      std::declval<std::conditional_t<is_substituted<Ds, Ps...>, std::tuple<>,
                                      std::tuple<DefaultSlot<Ds>>>>()...));
};
}  // namespace detail

/// Holds the parts `Ps` of the user, the defaults among `Defaults` that no part replaces, and what
/// the model's configure_callbacks returned (`ModelParts`: a tuple or a PartList).
template <class Defaults, class ModelParts, class... Ps>
class PartSet {
 public:
  static constexpr bool has_tuner = has_tuner_part<std::tuple<Ps..., ModelParts>>;
  using default_slots = typename detail::NeededDefaults<Defaults, Ps...>::type;

  explicit PartSet(std::tuple<Ps...> parts) : parts_(std::move(parts)) {}

  std::tuple<Ps...>& user() { return parts_; }
  default_slots& defaults() { return defaults_; }

  /// The part of that type, wherever it stands; null if there is none now.
  template <class P>
  P* find() {
    P* found = nullptr;
    for_each([&]<class Q>(Q& part) {
      if constexpr (std::same_as<P, Q>) {
        found = found ? found : &part;
      }
    });
    return found;
  }

  /// While it lives, no part is called, found or saved: for tools that run a loop of their own.
  class Aside {
   public:
    explicit Aside(PartSet& parts) : parts_(&parts), before_(parts.aside_) { parts.aside_ = true; }
    ~Aside() { parts_->aside_ = before_; }
    Aside(const Aside&) = delete;
    Aside& operator=(const Aside&) = delete;

   private:
    PartSet* parts_;
    bool before_;
  };
  [[nodiscard]] Aside set_aside() { return Aside(*this); }

  /// Calls `f(part)` for every part: the user's, the defaults, the model's.
  template <class F>
  void for_each(F&& f) {
    if (aside_) {
      return;
    }
    each_of_user(f, std::index_sequence_for<Ps...>{});
    std::apply([&](auto&... slot) { (visit(slot, f), ...); }, defaults_);
    if (model_parts_) {
      each_in(*model_parts_, f);
    }
  }

  /// Takes over what the model returned: each takes the place of all parts of its type, and goes to
  /// the end. Source: Lightning, callback_connector.py, `_attach_model_callbacks`.
  void set_model_parts(ModelParts parts) {
    const auto drop_others = [&]<class Q>(Q&) { drop<Q>(std::index_sequence_for<Ps...>{}); };
    each_in(parts, drop_others);
    if constexpr (is_part_list<ModelParts>) {
      if (model_parts_) {
        model_parts_->merge(std::move(parts));
        return;
      }
    }
    model_parts_ = std::move(parts);
  }

  /// The parts of the model go; those whose place they took stay away.
  void forget_model_parts() { model_parts_.reset(); }

 private:
  template <class P, class F>
  static void visit(P& part, F& f) {
    if constexpr (detail::is_default_slot<P>) {
      if (part.part) {
        f(*part.part);
      }
    } else if constexpr (is_part_list<P>) {
      part.for_each(f);
    } else {
      f(part);
    }
  }

  template <class F, std::size_t... I>
  void each_of_user(F& f, std::index_sequence<I...>) {
    ((replaced_[I] ? void() : visit(std::get<I>(parts_), f)), ...);
  }
  template <class F>
  static void each_in(ModelParts& parts, F& f) {
    if constexpr (is_part_list<ModelParts>) {
      parts.for_each(f);
    } else {
      std::apply([&](auto&... part) { (visit(part, f), ...); }, parts);
    }
  }

  // Parts of type Q make way for the model's.
  template <class Q, std::size_t... I>
  void drop(std::index_sequence<I...>) {
    (drop_from<Q>(std::get<I>(parts_), replaced_[I]), ...);
    std::apply([](auto&... slot) { (drop_default<Q>(slot), ...); }, defaults_);
  }
  template <class Q, class P>
  static void drop_from(P& part, bool& replaced) {
    if constexpr (is_part_list<P>) {
      part.template remove<Q>();
    } else if constexpr (std::same_as<P, Q>) {
      replaced = true;
    }
  }
  template <class Q, class D>
  static void drop_default(DefaultSlot<D>& slot) {
    if constexpr (std::same_as<D, Q>) {
      slot.part.reset();
    }
  }

  std::tuple<Ps...> parts_;
  std::array<bool, sizeof...(Ps) + 1> replaced_{};  // of the user's, by the model's (one to spare)
  default_slots defaults_;
  std::optional<ModelParts> model_parts_;
  bool aside_ = false;
};

}  // namespace lt

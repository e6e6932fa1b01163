// SPDX-License-Identifier: Apache-2.0
#include "lt/tuner/attribute.hpp"

#include <doctest/doctest.h>

namespace {

struct Options {
  std::int64_t hidden = 8;
  double lr = 0.25;
  float slope = 0.5F;
};

/// As users write it.
class Model {
 public:
  const Options& hparams() const { return options_; }
  Options& hparams() { return options_; }

 private:
  Options options_;
};
class ReadOnly {
 public:
  const Options& hparams() const { return options_; }

 private:
  Options options_;
};
struct Member {
  float learning_rate = 0.5F;
  int batch_size = 4;
};
struct Maybe {
  std::optional<double> lr;
};
struct Fixed {
  const double lr = 1.0;
};
struct Other {
  double lr() const { return 1.0; }
  bool batch_size = true;
};
class Hidden {
 protected:
  double lr = 1.0;
};

using Rate = lt::RateAttribute;
using Size = lt::SizeAttribute;

}  // namespace

LT_REFLECT(Options, (hidden, "width"), (lr, "learning rate"), (slope, "another real number"))

static_assert(lt::has_attribute<Rate, Model> && !lt::has_attribute<Size, Model>);
static_assert(!lt::has_attribute<Rate, ReadOnly>);
static_assert(lt::has_attribute<Rate, Member> && lt::has_attribute<Size, Member>);
static_assert(lt::has_attribute<Rate, Maybe>);
static_assert(!lt::has_attribute<Rate, Fixed>);
static_assert(!lt::has_attribute<Rate, Other> && !lt::has_attribute<Size, Other>);
static_assert(!lt::has_attribute<Rate, Hidden> && lt::has_attribute<Rate, Hidden, Maybe>);

TEST_CASE("a field of hparams() is found by its name and set") {
  Model model;
  CHECK(lt::find_attribute<Rate>("", model) == "lr");
  CHECK(lt::find_attribute<Rate>("slope", model) == "slope");
  CHECK(lt::find_attribute<Rate>("hidden", model).empty());
  CHECK(lt::find_attribute<Rate>("nothing", model).empty());
  CHECK(lt::get_attribute<Rate>("lr", model) == 0.25);
  lt::set_attribute<Rate>("lr", 0.125, model);
  CHECK(model.hparams().lr == 0.125);
  lt::set_attribute<Rate>("slope", 0.75, model);
  CHECK(model.hparams().slope == 0.75F);
}

TEST_CASE("members that are read only, private, or something else are no attributes") {
  ReadOnly read_only;
  Other other;
  Hidden hidden;
  CHECK(lt::find_attribute<Rate>("", read_only, other, hidden).empty());
  CHECK(lt::find_attribute<Size>("", read_only, other, hidden).empty());
}

TEST_CASE("public members, and all places of one name") {
  Member member;
  Maybe maybe;
  Model model;
  CHECK(lt::find_attribute<Rate>("", member) == "learning_rate");
  CHECK(lt::find_attribute<Rate>("", member, model) == "lr");
  lt::set_attribute<Rate>("lr", 2.0, model, maybe);
  CHECK(model.hparams().lr == 2.0);
  CHECK(maybe.lr == 2.0);
  CHECK(lt::get_attribute<Size>("batch_size", model, member) == 4);
  lt::set_attribute<Size>("batch_size", 64, model, member);
  CHECK(member.batch_size == 64);
  CHECK_FALSE(lt::get_attribute<Size>("batch_size", model));
}

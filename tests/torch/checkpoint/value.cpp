// SPDX-License-Identifier: Apache-2.0
#include "lt/checkpoint/checkpoint.hpp"
#include "support.hpp"

using namespace test;
using ck::Bytes;
using ck::Dict;
using ck::Kind;
using ck::List;
using ck::Value;

TEST_CASE("value: each kind is what it was made of") {
  CHECK(Value().kind() == Kind::null);
  CHECK(Value(nullptr).kind() == Kind::null);
  CHECK(Value(true).kind() == Kind::boolean);
  CHECK(Value(3).kind() == Kind::integer);
  CHECK(Value(std::size_t{3}).kind() == Kind::integer);
  CHECK(Value(1.5F).kind() == Kind::number);
  CHECK(Value("a").kind() == Kind::text);
  CHECK(Value(std::string_view("a")).kind() == Kind::text);
  CHECK(Value(torch::ones(2)).kind() == Kind::tensor);
  CHECK(Value(at::Tensor()).kind() == Kind::null);
  CHECK(Value(List()).kind() == Kind::list);
  CHECK(Value(Dict()).kind() == Kind::dict);
  CHECK(Value(Bytes{"a"}).kind() == Kind::bytes);
}

TEST_CASE("value: writing below a key builds the tree") {
  lt::Checkpoint checkpoint;
  checkpoint["epoch"] = 3;
  checkpoint["state_dict"]["l1.weight"] = torch::ones({2, 3});
  checkpoint["optimizer_states"].push_back(Dict{{"state", Dict{{0, "first"}}}});
  CHECK(checkpoint.get<int>("epoch") == 3);
  CHECK(checkpoint.get<at::Tensor>("state_dict", "l1.weight").numel() == 6);
  CHECK(checkpoint.get<std::string>("optimizer_states", 0, "state", 0) == "first");
  CHECK(checkpoint.contains("state_dict", "l1.weight"));
  CHECK(!checkpoint.contains("state_dict", "l2.weight"));
  CHECK(!checkpoint.contains("epoch", "l2.weight"));
  CHECK(checkpoint.find("nothing") == nullptr);
}

TEST_CASE("value: dicts keep their order and each key once") {
  Dict dict{{"b", 1}, {"a", 2}, {"b", 3}};
  REQUIRE(dict.size() == 2);
  CHECK(*dict.begin()->key.text() == "b");
  CHECK(dict["b"].as<int>() == 3);
  CHECK(dict.erase("b"));
  CHECK(!dict.erase("b"));
  CHECK(dict.size() == 1);
}

TEST_CASE("value: a text and a number are different keys") {
  Value value;
  value[1] = "number";
  value["1"] = "text";
  CHECK(value.size() == 2);
  CHECK(value.get<std::string>(1) == "number");
  CHECK(value.get<std::string>("1") == "text");
}

TEST_CASE("value: lists by index") {
  Value value(List{1, 2});
  value[1] = 5;
  CHECK(value.get<int>(1) == 5);
  CHECK(value.find(2) == nullptr);
  CHECK(value.find(-1) == nullptr);
  CHECK(has(error_of([&] { value.at(2); }), "2: no such index; found a list of 2 values"));
  CHECK(!error_of([&] { value[7] = 1; }).empty());
}

TEST_CASE("value: copies are deep but for the memory of tensors") {
  Value value;
  value["list"].push_back(1);
  value["tensor"] = torch::zeros(2);
  const Value copy = value;
  value["list"].push_back(2);
  value["tensor"].as<at::Tensor>().fill_(7);
  CHECK(copy["list"].size() == 1);
  CHECK(copy["tensor"].as<at::Tensor>()[0].item<float>() == 7);
}

TEST_CASE("value: numbers read as each other only without loss of meaning") {
  CHECK(Value(3).as<double>() == 3.0);
  CHECK(Value(torch::tensor(0.5)).as<double>() == 0.5);
  CHECK(Value(torch::tensor(4)).as<std::int64_t>() == 4);
  CHECK(Value(torch::tensor(true)).as<bool>());
  CHECK(!error_of([] { Value(3.0).as<int>(); }).empty());
  CHECK(!error_of([] { Value(true).as<int>(); }).empty());
  CHECK(!error_of([] { Value(1).as<bool>(); }).empty());
  CHECK(!error_of([] { Value(torch::tensor(0.5)).as<int>(); }).empty());
  CHECK(!error_of([] { Value(torch::ones(2)).as<double>(); }).empty());
  CHECK(has(error_of([] { Value(300).as<std::int8_t>(); }), "8 bits"));
  CHECK(!error_of([] { Value(-1).as<std::uint64_t>(); }).empty());
}

TEST_CASE("value: errors name the path, the found and the expected") {
  Value value;
  value["callbacks"]["EarlyStopping{'monitor': 'x'}"]["wait"] = "two";
  const std::string wrong =
      error_of([&] { value.get<int>("callbacks", "EarlyStopping{'monitor': 'x'}", "wait"); });
  CHECK(wrong ==
        "lt[E223] callbacks.EarlyStopping{'monitor': 'x'}.wait: expected a whole number, found the "
        "text \"two\"");
  CHECK(error_of([&] { value.at("callbacks", "ModelCheckpoint"); }) ==
        "lt[E223] callbacks.ModelCheckpoint: no such key; found [EarlyStopping{'monitor': 'x'}]");
  value["epoch"] = 1;
  CHECK(error_of([&] { value.at("epoch", "deep"); }) ==
        "lt[E223] epoch: expected a dict, found the number 1");
  CHECK(error_of([&] { std::as_const(value)["loops"]; }) ==
        "lt[E223] loops: no such key; found [callbacks, epoch]");
  CHECK(!error_of([&] { value["epoch"]["deep"] = 1; }).empty());
  CHECK(!error_of([&] { value["epoch"].push_back(1); }).empty());
}

TEST_CASE("value: describes every kind") {
  CHECK(Value().describe() == "nothing (None)");
  CHECK(Value(false).describe() == "false");
  CHECK(Value(0.5).describe() == "the number 0.5");
  CHECK(Value(std::string(100, 'x')).describe() == "the text \"" + std::string(60, 'x') + "...\"");
  CHECK(Value(torch::ones({2, 3})).describe() == "a tensor of shape [2, 3]");
  CHECK(Value(List{1}).describe() == "a list of 1 value");
  CHECK(Value(Dict()).describe() == "a dict of 0 keys");
  CHECK(Value(Bytes{"abc"}).describe() == "3 bytes");
}

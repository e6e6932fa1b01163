// SPDX-License-Identifier: Apache-2.0
// What `torch.save` pickles, as a tree. Source: Python, Lib/pickletools.py; PyTorch,
// torch/_weights_only_unpickler.py.
#pragma once

#include "lt/checkpoint/torch_types.hpp"
#include "lt/checkpoint/value.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_ops.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt::checkpoint::detail {

/// A small, strict unpickler: no code is run, and only the classes that checkpoints need are known
/// (tensors, parameters, OrderedDict, set, torch.Size, torch.device, dtypes, bytes). Tuples and
/// sets become lists. It believes no length that it has not checked. Errors: lt::CheckpointError
/// lt[E221] with what was found.
class PickleReader {
 public:
  /// Gives storage `key` as a flat tensor of bytes on the CPU. Type-erased: once for each tensor.
  using Storages = std::function<at::Tensor(const std::string& key)>;

  PickleReader(std::string_view pickle, std::string name, Storages storages)
      : in_(pickle), name_(std::move(name)), storages_(std::move(storages)) {}
  PickleReader(const PickleReader&) = delete;
  PickleReader& operator=(const PickleReader&) = delete;
  /// Only what was remembered can hold itself, and would then never be freed.
  ~PickleReader() {
    for (const NodePtr& node : remembered_) {
      node->items.clear();
    }
  }

  Value read() {
    while (true) {
      const char op = take(1)[0];
      if (op == '.') {
        return value_of(*pop(), 0);
      }
      step(op);
    }
  }

 private:
  enum class Is : std::uint8_t { value, list, dict, global, storage, mark };
  struct Node {
    Is is = Is::value;
    Value value;
    std::vector<std::shared_ptr<Node>> items;  // of a list; key, value, key, value of a dict
    std::string name;                          // of a global; the key of a storage
    const TorchType* type = nullptr;           // of a storage
  };
  using NodePtr = std::shared_ptr<Node>;

  // -- bytes ------------------------------------------------------------------------------------

  std::string_view take(std::uint64_t size) {
    if (size > in_.size()) {
      damaged("its pickle ends within a value");
    }
    const std::string_view out = in_.substr(0, size);
    in_.remove_prefix(size);
    return out;
  }
  std::uint64_t unsigned_number(std::size_t bytes) {
    std::uint64_t out = 0;
    const std::string_view data = take(bytes);
    for (std::size_t i = bytes; i-- > 0;) {
      out = out << 8U | static_cast<unsigned char>(data[i]);
    }
    return out;
  }
  std::string line() {
    const std::size_t end = in_.find('\n');
    if (end == std::string_view::npos) {
      damaged("its pickle ends within a name");
    }
    std::string out(take(end));
    take(1);
    return out;
  }
  std::int64_t long_number(std::uint64_t bytes) {
    if (bytes > 8) {
      damaged(lt::text("a whole number has ", bytes, " bytes; expected at most 8"));
    }
    if (bytes == 0) {
      return 0;
    }
    const std::uint64_t raw = unsigned_number(bytes);
    const unsigned unused = 64U - 8U * static_cast<unsigned>(bytes);
    return static_cast<std::int64_t>(raw << unused) >> unused;  // its sign
  }

  // -- the stack --------------------------------------------------------------------------------

  void push(NodePtr node) { stack_.push_back(std::move(node)); }
  void push_value(Value value) {
    auto node = std::make_shared<Node>();
    node->value = std::move(value);
    push(std::move(node));
  }
  void push_new(Is is, std::string name = {}) {
    auto node = std::make_shared<Node>();
    node->is = is;
    node->name = std::move(name);
    push(std::move(node));
  }
  NodePtr pop() {
    if (stack_.empty() || stack_.back()->is == Is::mark) {
      damaged("its pickle takes a value that is not there");
    }
    NodePtr node = std::move(stack_.back());
    stack_.pop_back();
    return node;
  }
  NodePtr top() {
    NodePtr node = pop();
    push(node);
    return node;
  }
  // All above the last mark.
  std::vector<NodePtr> pop_to_mark() {
    std::vector<NodePtr> out;
    while (!stack_.empty() && stack_.back()->is != Is::mark) {
      out.push_back(std::move(stack_.back()));
      stack_.pop_back();
    }
    if (stack_.empty()) {
      damaged("its pickle misses a mark");
    }
    stack_.pop_back();
    std::reverse(out.begin(), out.end());
    return out;
  }
  void push_tuple(std::vector<NodePtr> items) {
    push_new(Is::list);
    stack_.back()->items = std::move(items);
  }
  void push_tuple_of(std::size_t count) {
    std::vector<NodePtr> items(count);
    for (std::size_t i = count; i-- > 0;) {
      items[i] = pop();
    }
    push_tuple(std::move(items));
  }
  void remember(std::uint64_t index) {
    memo_[index] = top();
    remembered_.push_back(top());
  }
  void recall(std::uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) {
      damaged(lt::text("its pickle recalls value ", index, ", which it never kept"));
    }
    push(found->second);
  }
  void add(Is is, std::vector<NodePtr> items) {
    const NodePtr target = top();
    if (target->is != is || (is == Is::dict && items.size() % 2 != 0)) {
      damaged("its pickle adds to a value that cannot be added to");
    }
    target->items.insert(target->items.end(), items.begin(), items.end());
  }

  // -- the language -----------------------------------------------------------------------------

  void step(char op) {
    switch (static_cast<unsigned char>(op)) {
      case 0x80:  // PROTO
        if (const auto found = unsigned_number(1); found > 5) {
          damaged(lt::text("its pickle has protocol ", found, "; expected at most 5"));
        }
        return;
      case 0x95:  // FRAME
        take(8);
        return;
      case '(':
        return push_new(Is::mark);
      case '0':
        pop();
        return;
      case 'N':
        return push_value(nullptr);
      case 0x88:
        return push_value(true);
      case 0x89:
        return push_value(false);
      case 'K':
        return push_value(static_cast<std::int64_t>(unsigned_number(1)));
      case 'M':
        return push_value(static_cast<std::int64_t>(unsigned_number(2)));
      case 'J':
        return push_value(long_number(4));
      case 0x8a:
        return push_value(long_number(unsigned_number(1)));
      case 0x8b:
        return push_value(long_number(unsigned_number(4)));
      case 'G':
        return push_value(number());
      case 'X':
        return push_value(std::string(take(unsigned_number(4))));
      case 0x8c:
        return push_value(std::string(take(unsigned_number(1))));
      case 0x8d:
        return push_value(std::string(take(unsigned_number(8))));
      case 'B':
        return push_value(Bytes{std::string(take(unsigned_number(4)))});
      case 'C':
        return push_value(Bytes{std::string(take(unsigned_number(1)))});
      case '}':
        return push_new(Is::dict);
      case ']':
      case ')':
      case 0x8f:  // EMPTY_SET
        return push_new(Is::list);
      case 't':
        return push_tuple(pop_to_mark());
      case 0x85:
        return push_tuple_of(1);
      case 0x86:
        return push_tuple_of(2);
      case 0x87:
        return push_tuple_of(3);
      case 'a': {
        NodePtr item = pop();
        return add(Is::list, {std::move(item)});
      }
      case 'e':
      case 0x90: {  // ADDITEMS
        std::vector<NodePtr> items = pop_to_mark();
        return add(Is::list, std::move(items));
      }
      case 's': {
        NodePtr value = pop();
        NodePtr key = pop();
        return add(Is::dict, {std::move(key), std::move(value)});
      }
      case 'u': {
        std::vector<NodePtr> items = pop_to_mark();
        return add(Is::dict, std::move(items));
      }
      case 'q':
        return remember(unsigned_number(1));
      case 'r':
        return remember(unsigned_number(4));
      case 0x94:
        return remember(memo_.size());
      case 'h':
        return recall(unsigned_number(1));
      case 'j':
        return recall(unsigned_number(4));
      case 'c': {
        std::string module = line();
        return push_new(Is::global, module + "." + line());
      }
      case 0x93: {  // STACK_GLOBAL
        const NodePtr word = pop();
        const NodePtr module = pop();
        return push_new(Is::global, text_of(*module) + "." + text_of(*word));
      }
      case 'R':
      case 0x81: {  // NEWOBJ
        const NodePtr arguments = pop();
        const NodePtr callee = pop();
        return reduce(*callee, arguments->items);
      }
      case 'Q':
        return push_storage(pop()->items);
      case 'b':  // BUILD: attributes that a tree has no place for, `_metadata` of a state_dict
        pop();
        top();
        return;
      default:
        damaged(lt::text("its pickle has the code ",
                         static_cast<int>(static_cast<unsigned char>(op)),
                         ", which checkpoints do not need"));
    }
  }

  double number() {
    std::uint64_t bits = 0;
    for (const char c : take(8)) {
      bits = bits << 8U | static_cast<unsigned char>(c);
    }
    return std::bit_cast<double>(bits);
  }

  // -- classes ----------------------------------------------------------------------------------

  void reduce(const Node& callee, const std::vector<NodePtr>& arguments) {
    const std::string& called = callee.name;
    if (callee.is != Is::global) {
      damaged("its pickle calls what is no class");
    }
    if (called == "collections.OrderedDict") {
      push_new(Is::dict);
      if (!arguments.empty()) {
        for (const NodePtr& pair : arguments[0]->items) {
          require(pair->items.size() == 2, called);
          add(Is::dict, pair->items);
        }
      }
    } else if (called == "__builtin__.set" || called == "builtins.set" || called == "torch.Size" ||
               called == "__builtin__.frozenset") {
      require(arguments.size() == 1 && arguments[0]->is == Is::list, called);
      push_tuple(arguments[0]->items);
    } else if (called == "torch.device") {
      require(!arguments.empty(), called);
      push(arguments[0]);
    } else if (called == "_codecs.encode") {
      require(arguments.size() == 2 && text_of(*arguments[1]) == "latin1", called);
      push_value(Bytes{from_latin1(text_of(*arguments[0]))});
    } else if (called == "torch._utils._rebuild_parameter") {
      require(!arguments.empty() && arguments[0]->value.is_tensor(), called);
      push(arguments[0]);
    } else if (called == "torch._utils._rebuild_tensor_v2") {
      require(arguments.size() >= 4 && arguments[0]->is == Is::storage, called);
      push_tensor(*arguments[0], whole_number(*arguments[1]), whole_numbers(*arguments[2]),
                  whole_numbers(*arguments[3]));
    } else {
      throw CheckpointError(lt::text(
          "lt[E221] ", name_, " holds an object of the Python class ", called,
          ", which lt cannot read; expected tensors, numbers, texts, lists and dicts. Load it in "
          "Python, replace that object and save it again"));
    }
  }

  // ("storage", class, key, device, number of elements)
  void push_storage(const std::vector<NodePtr>& id) {
    require(id.size() == 5 && id[1]->is == Is::global && id[1]->name.starts_with("torch."),
            "a storage");
    auto node = std::make_shared<Node>();
    node->is = Is::storage;
    node->name = text_of(*id[2]);
    node->type = torch_type(std::string_view(id[1]->name).substr(6));
    if (node->type == nullptr) {
      throw CheckpointError(lt::text("lt[E221] ", name_, " holds a tensor of ", id[1]->name,
                                     ", which lt cannot read"));
    }
    push(std::move(node));
  }

  void push_tensor(const Node& storage, std::int64_t offset, const std::vector<std::int64_t>& sizes,
                   const std::vector<std::int64_t>& strides) {
    at::Tensor& bytes = storages_read_[storage.name];
    if (!bytes.defined()) {
      bytes = storages_(storage.name);
    }
    const at::Tensor flat = bytes.view(storage.type->type);
    const auto negative = [](std::int64_t number) { return number < 0; };
    bool fits = offset >= 0 && sizes.size() == strides.size() && sizes.size() <= 64 &&
                std::none_of(sizes.begin(), sizes.end(), negative) &&
                std::none_of(strides.begin(), strides.end(), negative);
    const bool empty = std::find(sizes.begin(), sizes.end(), 0) != sizes.end();
    std::int64_t last = offset;  // the greatest index; each step is checked before it can overflow
    for (std::size_t i = 0; fits && !empty && i < sizes.size(); ++i) {
      if (sizes[i] > 1 && strides[i] > 0) {
        fits = last < flat.numel() && (sizes[i] - 1) <= (flat.numel() - 1 - last) / strides[i];
        last += fits ? (sizes[i] - 1) * strides[i] : 0;
      }
    }
    if (!fits || (!empty && last >= flat.numel())) {
      damaged(lt::text("a tensor of shape ", sizes, " reaches beyond its storage of ", flat.numel(),
                       " elements"));
    }
    push_value(empty ? at::_ops::empty_memory_format::call(
                           std::vector<c10::SymInt>(sizes.begin(), sizes.end()), storage.type->type,
                           at::kStrided, at::Device(at::kCPU), false, std::nullopt)
                     : flat.as_strided(sizes, strides, offset));
  }

  std::int64_t whole_number(const Node& node) const {
    require(node.is == Is::value && node.value.kind() == Kind::integer, "a tensor");
    return node.value.as<std::int64_t>();
  }
  std::vector<std::int64_t> whole_numbers(const Node& node) const {
    require(node.is == Is::list, "a tensor");
    std::vector<std::int64_t> out;
    for (const NodePtr& item : node.items) {
      out.push_back(whole_number(*item));
    }
    return out;
  }
  const std::string& text_of(const Node& node) const {
    require(node.is == Is::value && node.value.is_text(), "a name");
    return node.value.as<std::string>();
  }
  std::string from_latin1(std::string_view utf8) const {
    std::string out;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
      const auto byte = static_cast<unsigned char>(utf8[i]);
      if (byte < 0x80) {
        out += utf8[i];
      } else {
        require((byte & 0xFCU) == 0xC0U && i + 1 < utf8.size(), "bytes");
        out += static_cast<char>(unsigned{byte} << 6U |
                                 (static_cast<unsigned char>(utf8[++i]) & 0x3FU));
      }
    }
    return out;
  }

  // -- the tree ---------------------------------------------------------------------------------

  Value value_of(const Node& node, int depth) const {
    if (depth > 200) {
      damaged("lists and dicts are too deep inside each other, or hold themselves");
    }
    switch (node.is) {
      case Is::value:
        return node.value;
      case Is::list: {
        List list;
        for (const NodePtr& item : node.items) {
          list.push_back(value_of(*item, depth + 1));
        }
        return list;
      }
      case Is::dict: {
        Dict dict;
        for (std::size_t i = 0; i < node.items.size(); i += 2) {
          dict[key_of(*node.items[i])] = value_of(*node.items[i + 1], depth + 1);
        }
        return dict;
      }
      case Is::global:
        return node.name;  // a dtype, a class
      default:
        damaged("its pickle leaves something unfinished");
    }
  }
  Key key_of(const Node& node) const {
    if (node.is == Is::value && node.value.is_text()) {
      return node.value.as<std::string>();
    }
    if (node.is == Is::value && node.value.kind() == Kind::integer) {
      return node.value.as<std::int64_t>();
    }
    throw CheckpointError(lt::text("lt[E221] ", name_, " has a dict with the key ",
                                   value_of(node, 0).describe(),
                                   "; expected texts or whole numbers"));
  }

  void require(bool holds, std::string_view what) const {
    if (!holds) {
      damaged(lt::text("its pickle describes ", what, " in a way that is not torch.save's"));
    }
  }
  [[noreturn]] void damaged(std::string_view how) const {
    throw CheckpointError(lt::text("lt[E221] ", name_, " is damaged: ", how));
  }

  std::string_view in_;
  std::string name_;
  Storages storages_;
  std::vector<NodePtr> stack_;
  std::map<std::uint64_t, NodePtr> memo_;
  std::vector<NodePtr> remembered_;  // an entry of the memo may be replaced
  std::map<std::string, at::Tensor> storages_read_;
};

}  // namespace lt::checkpoint::detail

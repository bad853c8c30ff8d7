// An ordered map whose copies are free: a copy shares everything with the
// original until one of them is written.
#ifndef HOUSECALL_DISPATCHER_CORE_TABLE_H_
#define HOUSECALL_DISPATCHER_CORE_TABLE_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace housecall::core {

// Key → shared_ptr<const Value>, in key order. A persistent AVL tree: Put and
// Erase copy the O(log n) nodes on the path from the root and nothing else, so
// a published Board stays as it was while the engine writes the next one.
//
// Thread-safety: any number of threads may read a Table at once; copies are
// independent of each other.
template <typename Key, typename Value>
class Table {
 public:
  // The value, or null. It lives as long as some Table holds it.
  const Value* Find(const Key& key) const {
    const Node* node = root_.get();
    while (node != nullptr) {
      if (key < node->key) {
        node = node->left.get();
      } else if (node->key < key) {
        node = node->right.get();
      } else {
        return node->value.get();
      }
    }
    return nullptr;
  }
  bool Contains(const Key& key) const { return Find(key) != nullptr; }

  void Put(Key key, Value value) {
    bool added = false;
    root_ = Insert(root_, std::move(key),
                   std::make_shared<const Value>(std::move(value)), &added);
    if (added) ++size_;
  }

  // For a table that is a set of keys. Does nothing, and copies nothing, if the
  // key is there.
  void Add(const Key& key) requires std::is_same_v<Value, bool> {
    if (!Contains(key)) Put(key, true);
  }

  // Does nothing if there is no such key.
  void Erase(const Key& key) {
    if (!Contains(key)) return;
    root_ = Remove(root_, key);
    --size_;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Calls visit(key, value) for each entry in key order, from the first key
  // not less than *from where one is given. `visit` returns void, or false to
  // stop.
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    Walk(root_.get(), nullptr, visit);
  }
  template <typename Visit>
  void ForEachFrom(const Key& from, Visit&& visit) const {
    Walk(root_.get(), &from, visit);
  }

 private:
  struct Node;
  using NodePtr = std::shared_ptr<const Node>;
  using ValuePtr = std::shared_ptr<const Value>;
  struct Node {
    Key key;
    ValuePtr value;
    NodePtr left;
    NodePtr right;
    int height;
  };

  static int Height(const NodePtr& node) { return node ? node->height : 0; }

  static NodePtr Make(Key key, ValuePtr value, NodePtr left, NodePtr right) {
    const int height = 1 + std::max(Height(left), Height(right));
    return std::make_shared<const Node>(Node{std::move(key), std::move(value),
                                             std::move(left), std::move(right),
                                             height});
  }

  // As Make, restoring the balance where the sides differ by two.
  static NodePtr Balance(Key key, ValuePtr value, NodePtr left, NodePtr right) {
    const int difference = Height(left) - Height(right);
    if (difference > 1) {
      if (Height(left->left) >= Height(left->right)) {
        return Make(left->key, left->value, left->left,
                    Make(std::move(key), std::move(value), left->right,
                         std::move(right)));
      }
      const NodePtr& pivot = left->right;
      return Make(pivot->key, pivot->value,
                  Make(left->key, left->value, left->left, pivot->left),
                  Make(std::move(key), std::move(value), pivot->right,
                       std::move(right)));
    }
    if (difference < -1) {
      if (Height(right->right) >= Height(right->left)) {
        return Make(right->key, right->value,
                    Make(std::move(key), std::move(value), std::move(left),
                         right->left),
                    right->right);
      }
      const NodePtr& pivot = right->left;
      return Make(
          pivot->key, pivot->value,
          Make(std::move(key), std::move(value), std::move(left), pivot->left),
          Make(right->key, right->value, pivot->right, right->right));
    }
    return Make(std::move(key), std::move(value), std::move(left),
                std::move(right));
  }

  static NodePtr Insert(const NodePtr& node, Key key, ValuePtr value,
                        bool* added) {
    if (node == nullptr) {
      *added = true;
      return Make(std::move(key), std::move(value), nullptr, nullptr);
    }
    if (key < node->key) {
      return Balance(
          node->key, node->value,
          Insert(node->left, std::move(key), std::move(value), added),
          node->right);
    }
    if (node->key < key) {
      return Balance(
          node->key, node->value, node->left,
          Insert(node->right, std::move(key), std::move(value), added));
    }
    return Make(std::move(key), std::move(value), node->left, node->right);
  }

  static NodePtr Remove(const NodePtr& node, const Key& key) {
    if (key < node->key) {
      return Balance(node->key, node->value, Remove(node->left, key),
                     node->right);
    }
    if (node->key < key) {
      return Balance(node->key, node->value, node->left,
                     Remove(node->right, key));
    }
    if (node->left == nullptr) return node->right;
    if (node->right == nullptr) return node->left;
    const Node* first = node->right.get();
    while (first->left != nullptr) first = first->left.get();
    return Balance(first->key, first->value, node->left,
                   Remove(node->right, first->key));
  }

  template <typename Visit>
  static bool Call(Visit& visit, const Key& key, const Value& value) {
    if constexpr (std::is_void_v<decltype(visit(key, value))>) {
      visit(key, value);
      return true;
    } else {
      return visit(key, value);
    }
  }

  template <typename Visit>
  static bool Walk(const Node* node, const Key* from, Visit& visit) {
    if (node == nullptr) return true;
    const bool before = from != nullptr && node->key < *from;
    if (!before) {
      if (!Walk(node->left.get(), from, visit)) return false;
      if (!Call(visit, node->key, *node->value)) return false;
    }
    return Walk(node->right.get(), before ? from : nullptr, visit);
  }

  NodePtr root_;
  size_t size_ = 0;
};

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_TABLE_H_

// A row of numbers or plain records: one's own, or a part of a mapped file.
#ifndef HOUSECALL_ROUTER_ARRAY_H_
#define HOUSECALL_ROUTER_ARRAY_H_

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace housecall::router {

// Like std::vector, of which it has what is needed here; but what it holds may
// also lie in a mapping, which it keeps alive and never writes to: whoever
// changes such an array gets a copy of its own first. A value.
template <typename T>
class Array {
 public:
  using value_type = T;
  using iterator = T*;
  using const_iterator = const T*;

  Array() = default;
  // Implicit, because an array of one's own is a vector.
  Array(std::vector<T> own)  // NOLINT(google-explicit-constructor)
      : own_(std::move(own)) {}
  Array(std::initializer_list<T> own) : own_(own) {}

  // `keeper` keeps the memory as it is.
  static Array Mapped(const T* data, size_t size,
                      std::shared_ptr<const void> keeper) {
    Array array;
    array.mapped_ = data;
    array.mapped_size_ = size;
    array.keeper_ = std::move(keeper);
    return array;
  }

  const T* data() const { return is_mapped() ? mapped_ : own_.data(); }
  size_t size() const { return is_mapped() ? mapped_size_ : own_.size(); }
  bool empty() const { return size() == 0; }
  const T& operator[](size_t i) const { return data()[i]; }
  const T& front() const { return data()[0]; }
  const T& back() const { return data()[size() - 1]; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size(); }

  T& operator[](size_t i) { return Own()[i]; }
  T* begin() { return Own().data(); }
  T* end() { return Own().data() + own_.size(); }
  void push_back(const T& value) { Own().push_back(value); }
  void pop_back() { Own().pop_back(); }
  void clear() { *this = Array(); }
  void resize(size_t size) { Own().resize(size); }

  friend bool operator==(const Array& a, const Array& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  bool is_mapped() const { return keeper_ != nullptr; }

  std::vector<T>& Own() {
    if (is_mapped()) {
      own_.assign(mapped_, mapped_ + mapped_size_);
      keeper_.reset();
    }
    return own_;
  }

  // One of the two.
  std::vector<T> own_;
  const T* mapped_ = nullptr;
  size_t mapped_size_ = 0;
  std::shared_ptr<const void> keeper_;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_ARRAY_H_

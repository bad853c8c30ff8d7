// What the language of text.h knows of a type of field: how its words are read
// and written, and what it is made of. Each type has one description, that of a
// struct made from its HOUSECALL_FIELDS; text.cc works on descriptions alone,
// because templates over every field of every record take minutes to compile.
// Internal to core.
#ifndef HOUSECALL_DISPATCHER_CORE_TEXT_TYPE_H_
#define HOUSECALL_DISPATCHER_CORE_TEXT_TYPE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "dispatcher/core/text.h"

namespace housecall::core {

struct TextType;

struct TextField {
  const char* name;
  const TextType* type;
  // From the beginning of the struct, in bytes.
  size_t offset;

  const void* In(const void* object) const {
    return static_cast<const char*>(object) + offset;
  }
  void* In(void* object) const { return static_cast<char*>(object) + offset; }
};

// The void pointers are to values of the type described. `kind` says which
// members there are; the others are null or empty.
struct TextType {
  enum class Kind { kText, kName, kScalar, kOptional, kVector, kStruct };
  explicit TextType(Kind k) : kind(k) {}

  Kind kind;

  // kText: strings, sensitive ones too, and ids.
  const std::string& (*text)(const void* value) = nullptr;
  void (*set_text)(void* value, const std::string& text) = nullptr;

  // kName: an enumeration with its names, by value.
  const std::vector<std::string>* names = nullptr;
  size_t (*number)(const void* value) = nullptr;
  void (*set_number)(void* value, size_t number) = nullptr;

  // kScalar: numbers, times, durations.
  std::string (*write)(const void* value, const TextTimes& times) = nullptr;
  // Returns what was wanted instead of the word, or nothing.
  std::string (*read)(const std::string& word, const TextTimes& times,
                      void* value) = nullptr;
  bool (*equal)(const void* a, const void* b) = nullptr;

  // kOptional, of which the size is 0 or 1, and kVector.
  const TextType* item = nullptr;
  size_t (*size)(const void* value) = nullptr;
  const void* (*at)(const void* value, size_t index) = nullptr;
  // Adds an item, for an optional in place of what it has, and returns it.
  void* (*add)(void* value) = nullptr;

  // kStruct.
  std::vector<TextField> fields;

  // A value that has the type's default.
  const void* usual = nullptr;
};

bool Equal(const TextType& type, const void* a, const void* b);
inline bool IsDefault(const TextType& type, const void* value) {
  return Equal(type, value, type.usual);
}
// A value of kText, kName or kScalar as a word, without quotes.
std::string WordOf(const TextType& type, const void* value,
                   const TextTimes& times);
// Reads it; returns what was wanted instead of the word, or nothing.
std::string ReadWord(const TextType& type, const std::string& word,
                     const TextTimes& times, void* value);

// The description of absl::Time, of which the epoch says "none".
const TextType& TimeTextType();

// How one alternative of Command is written: its name, and what follows it.
struct CommandText {
  std::string name;
  // Of what has the fields: the command, or the record that it creates.
  const TextType* type;
  Command (*make)();
  const void* (*fields)(const Command& command);
};

// By the index of the alternative.
const std::vector<CommandText>& CommandTexts();

// A record and what it was on the board before (null: it was not there).
struct RecordText {
  // Of the kind: "Call".
  const char* name;
  const std::string* id;
  const TextType* type;
  const void* after;
  const void* before;
};
RecordText TextOf(const Record& record, const Board& before);

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_TEXT_TYPE_H_

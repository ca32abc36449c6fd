// SPDX-License-Identifier: Apache-2.0
#include "targets/judge.h"

#include <algorithm>

namespace safelight {
namespace {

std::string Lookup(const std::map<std::string, std::string>& map, const std::string& key) {
  const auto it = map.find(key);
  return it == map.end() ? "" : it->second;
}

void Add(Judgement* verdict, Truth taken, Reason reason) {
  // Once it is "no" for certain, what is not known besides is of no interest.
  if (verdict->taken == Truth::kNo && taken != Truth::kNo) return;
  if (taken == Truth::kNo && verdict->taken != Truth::kNo) verdict->reasons.clear();
  verdict->taken = std::min(verdict->taken, taken);
  const auto& reasons = verdict->reasons;
  if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) verdict->reasons.push_back(std::move(reason));
}

void ApplyRule(const Rule& rule, const NodeView& node, int level, Judgement* verdict) {
  if (level < rule.from || level >= rule.below) return;
  if (rule.when) {
    const Truth when = Evaluate(*rule.when, node, level);
    if (when == Truth::kNo) return;
    // Where it is not known whether the rule applies, a node that suits it is taken either way.
    if (when == Truth::kUnknown) {
      if (Evaluate(rule.require, node, level) == Truth::kYes) return;
      Add(verdict, Truth::kUnknown, {rule.reason + " (whether this is so cannot be told from the file)", rule.instead});
      return;
    }
  }
  const Truth truth = Evaluate(rule.require, node, level);
  if (truth == Truth::kYes) return;
  if (truth == Truth::kNo) {
    Add(verdict, rule.otherwise_unknown ? Truth::kUnknown : Truth::kNo, {rule.reason, rule.instead});
  } else {
    Add(verdict, Truth::kUnknown, {rule.reason + " (whether this is so cannot be told from the file)", rule.instead});
  }
}

void ApplyTypes(const Target& target, const OpEntry& entry, const NodeView& node, Judgement* verdict) {
  if (entry.types.empty()) return;
  const std::string type = TypeOf(node);
  const auto found = entry.types.find(type);
  if (found != entry.types.end() && target.level >= found->second) return;
  if (found != entry.types.end()) {
    Add(verdict, Truth::kNo,
        {Cat(node.op, " in ", type, " needs ", target.level_name, ' ', found->second),
         Lookup(target.instead_of_type, type)});
    return;
  }
  std::string taken;
  for (const auto& [name, from] : entry.types) {
    if (target.level >= from) taken += (taken.empty() ? "" : ", ") + name;
  }
  Add(verdict, Truth::kNo,
      {Cat(node.op, " is not taken in ", type, taken.empty() ? "" : ", only in ", taken),
       Lookup(target.instead_of_type, type)});
}

}  // namespace

Judgement Judge(const Target& target, const NodeView& node) {
  Judgement verdict;
  bool named = false;
  for (const OpEntry& entry : target.ops) {
    if (std::find(entry.ops.begin(), entry.ops.end(), node.op) == entry.ops.end()) continue;
    named = true;
    if (target.level < entry.from) {
      Add(&verdict, Truth::kNo,
          {Cat(node.op, " needs ", target.level_name, ' ', entry.from), Lookup(target.instead_of_op, node.op)});
      continue;
    }
    if (target.level >= entry.below) {
      Add(&verdict, Truth::kNo,
          {Cat(node.op, " is taken before ", target.level_name, ' ', entry.below, " only"),
           Lookup(target.instead_of_op, node.op)});
      continue;
    }
    ApplyTypes(target, entry, node, &verdict);
    for (const Rule& rule : entry.rules) ApplyRule(rule, node, target.level, &verdict);
  }
  if (!named) {
    Add(&verdict, target.others_unknown ? Truth::kUnknown : Truth::kNo,
        {target.others_reason, Lookup(target.instead_of_op, node.op)});
    return verdict;
  }
  for (const Rule& rule : target.every) ApplyRule(rule, node, target.level, &verdict);
  return verdict;
}

}  // namespace safelight

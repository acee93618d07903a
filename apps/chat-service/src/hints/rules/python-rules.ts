import type { SyntaxNode } from '@lezer/common';
import { after, below, childrenOf, ERROR, some, type CodeTree } from './code-tree';

const FUNCTIONS = new Set(['FunctionDefinition', 'LambdaExpression', 'ClassDefinition']);
const LEAVING = new Set(['ReturnStatement', 'RaiseStatement', 'BreakStatement', 'ContinueStatement']);
/** Give a value back and change nothing. */
const PURE_CALLS = new Set(['sorted', 'reversed', 'len', 'sum', 'max', 'min', 'abs', 'round', 'str', 'int', 'float']);
const PURE_METHODS = /\.(?:upper|lower|strip|lstrip|rstrip|replace|split|title|capitalize|join|format|swapcase|zfill)$/;
const NAN = /^(?:float\(\s*(['"])nan\1\s*\)|(?:math|np|numpy)\.(?:nan|NaN))$/i;

const within = (node: SyntaxNode): boolean => !FUNCTIONS.has(node.name);

/** What can be wrong with a program in Python, as far as its text alone shows it. */
export function checkPython(code: CodeTree): void {
  if (checkSyntax(code)) return;
  for (const loop of code.all('WhileStatement')) checkWhile(code, loop);
  for (const call of code.all('CallExpression')) checkRange(code, call);
  for (const place of code.all('MemberExpression')) checkLastPlace(code, place);
  for (const parameters of code.all('ParamList')) checkDefaults(code, parameters);
  for (const definition of code.all('FunctionDefinition')) checkReturns(code, definition);
  for (const body of code.all('Body', 'Script'))
    for (const statement of after(statementsOf(body), leaves)) code.find('unreachable_code', statement);
  for (const comparison of code.all('BinaryExpression')) checkComparison(code, comparison);
  for (const statement of code.all('ExpressionStatement')) checkUse(code, statement);
}

/** @returns whether the rest of the tree cannot be trusted. */
function checkSyntax(code: CodeTree): boolean {
  // The parser takes Python 2's `print` as well.
  const [first] = [...code.all(ERROR), ...code.all('PrintStatement', 'ExecStatement')].sort((a, b) => a.from - b.from);
  if (first === undefined) return false;
  const line = code.lineAt(first.from);
  if (assignsInCondition(code.lineText(line))) code.find('assignment_in_condition', first);
  else code.find('syntax_error', first);
  return true;
}

/** `if x = 1:`, outside of brackets, where `=` names an argument. */
function assignsInCondition(line: string): boolean {
  if (!/^\s*(?:if|elif|while)\b/.test(line)) return false;
  const plain = line.replace(/"[^"\n]*"|'[^'\n]*'|#.*/g, '');
  let depth = 0;
  for (let at = 0; at < plain.length; at++) {
    const sign = plain.charAt(at);
    if ('([{'.includes(sign)) depth += 1;
    else if (')]}'.includes(sign)) depth -= 1;
    else if (sign === '=' && depth === 0) {
      if (plain.charAt(at + 1) === '=') at += 1;
      else if (!'<>!:'.includes(plain.charAt(at - 1))) return true;
    }
  }
  return false;
}

function statementsOf(body: SyntaxNode): SyntaxNode[] {
  return childrenOf(body).filter(({ name }) => name.endsWith('Statement') || name.endsWith('Definition'));
}

/** Nothing after it in its block can run. */
function leaves(statement: SyntaxNode): boolean {
  if (LEAVING.has(statement.name)) return true;
  const children = childrenOf(statement);
  const bodies = children.filter(({ name }) => name === 'Body');
  const each = (): boolean => bodies.every((body) => statementsOf(body).some(leaves));
  switch (statement.name) {
    case 'IfStatement':
      return children.some(({ name }) => name === 'else') && each();
    case 'WithStatement':
      return each();
    case 'TryStatement':
      return bodies.length > 0 && !children.some(({ name }) => name === 'finally' || name === 'else') && each();
    case 'WhileStatement':
      return isForever(statement) && !hasBreak(statement);
    default:
      return false;
  }
}

function isForever(loop: SyntaxNode): boolean {
  const condition = loop.firstChild?.nextSibling;
  return condition?.name === 'Boolean' && condition.to - condition.from === 'True'.length;
}

/** One of this loop itself. */
function hasBreak(loop: SyntaxNode): boolean {
  const own = (node: SyntaxNode): boolean =>
    within(node) && node.name !== 'WhileStatement' && node.name !== 'ForStatement';
  return some(below(loop, own), ({ name }) => name === 'BreakStatement');
}

function checkWhile(code: CodeTree, loop: SyntaxNode): void {
  const condition = loop.firstChild?.nextSibling;
  const body = loop.getChild('Body');
  if (condition == null || body === null) return;
  const ends = ({ name }: SyntaxNode): boolean =>
    name === 'ReturnStatement' || name === 'RaiseStatement' || name.startsWith('Yield') || name === 'AwaitExpression';
  const exits = (node: SyntaxNode): boolean =>
    node.name === 'CallExpression' && /^(?:sys\.exit|exit|quit|os\._exit)\b/.test(code.textOf(node));
  if (hasBreak(loop) || some(below(body, within), (node) => ends(node) || exits(node))) return;
  if (isForever(loop) || code.textOf(condition) === '1') return code.find('infinite_loop', loop);
  const names = namesIn(code, condition);
  if (names === null || names.size === 0) return;
  if (!some(below(body), (node) => mayChange(code, node, names))) code.find('infinite_loop', loop);
  else if (isPastTheEnd(code, condition, body)) code.find('off_by_one', loop);
}

/** The variables of a condition; null where it asks something that can change by itself. */
function namesIn(code: CodeTree, condition: SyntaxNode): Set<string> | null {
  const names = new Set<string>();
  for (const node of [condition, ...below(condition)]) {
    if (node.name === 'CallExpression' && !/^len\s*\(/.test(code.textOf(node))) return null;
    if (node.name === 'MemberExpression' || node.name === 'AwaitExpression' || node.name === 'NamedExpression')
      return null;
    if (node.name === 'VariableName' && code.textOf(node) !== 'len') names.add(code.textOf(node));
  }
  return names;
}

/** It is given a value, called upon, or handed to somebody who may change it. */
function mayChange(code: CodeTree, node: SyntaxNode, names: ReadonlySet<string>): boolean {
  if (node.name !== 'VariableName' || !names.has(code.textOf(node))) return node.name === 'ScopeStatement';
  const { parent } = node;
  if (parent === null) return false;
  if (parent.name === 'ArgList') return !/^(?:len|print|range|str|int)\s*\(/.test(code.textOf(parent.parent ?? parent));
  if (parent.name === 'MemberExpression') return parent.firstChild?.from === node.from;
  if (parent.name === 'ForStatement' || parent.name === 'DeleteStatement') return true;
  const assigned =
    parent.name === 'AssignStatement' || parent.name === 'UpdateStatement' || parent.name === 'NamedExpression';
  const sign = childrenOf(parent).find(({ name }) => name === 'AssignOp' || name === 'UpdateOp');
  return (assigned && sign !== undefined && node.from < sign.from) || isUnpacked(node);
}

/** `(a, b) = ...`, `[a, b] = ...` */
function isUnpacked({ parent }: SyntaxNode): boolean {
  const outer = parent?.name === 'TupleExpression' || parent?.name === 'ArrayExpression' ? parent.parent : null;
  return outer?.name === 'AssignStatement' && outer.firstChild?.from === parent?.from;
}

/** `while i <= len(x)` where `x[i]` is read. */
function isPastTheEnd(code: CodeTree, condition: SyntaxNode, body: SyntaxNode): boolean {
  const [, index, list] = /^(\w+)\s*<=\s*len\(\s*(\w+)\s*\)$/.exec(code.textOf(condition)) ?? [];
  return index !== undefined && list !== undefined && isRead(code, body, list, index);
}

function isRead(code: CodeTree, body: SyntaxNode, list: string, index: string): boolean {
  return some(
    below(body),
    (node) => node.name === 'MemberExpression' && code.textOf(node).replace(/\s/g, '') === `${list}[${index}]`,
  );
}

/** `for i in range(len(x) + 1)` where `x[i]` is read. */
function checkRange(code: CodeTree, call: SyntaxNode): void {
  const { parent } = call;
  if (parent?.name !== 'ForStatement') return;
  const range = /^range\(\s*(?:[^,()]+,\s*)?len\(\s*(\w+)\s*\)\s*\+\s*[1-9]\d*\s*\)$/.exec(code.textOf(call));
  const body = parent.getChild('Body');
  const index = parent.getChild('VariableName');
  if (range === null || body === null || index === null) return;
  if (isRead(code, body, range[1] ?? '', code.textOf(index))) code.find('off_by_one', call);
}

/** `x[len(x)]` */
function checkLastPlace(code: CodeTree, place: SyntaxNode): void {
  if (place.to - place.from > 200) return;
  if (/^(\w+)\s*\[\s*len\(\s*\1\s*\)\s*\]$/.test(code.textOf(place))) code.find('off_by_one', place);
}

function checkDefaults(code: CodeTree, parameters: SyntaxNode): void {
  for (const sign of parameters.getChildren('AssignOp')) {
    const value = sign.nextSibling;
    if (value === null) continue;
    const isMade =
      ['ArrayExpression', 'DictionaryExpression', 'SetExpression'].includes(value.name) ||
      (value.name === 'CallExpression' && /^(?:list|dict|set)\s*\(/.test(code.textOf(value)));
    if (isMade) code.find('mutable_default', value);
  }
}

function checkReturns(code: CodeTree, definition: SyntaxNode): void {
  const body = definition.getChild('Body');
  const name = definition.getChild('VariableName');
  if (body === null || name === null) return;
  const own = [...below(body, within)];
  if (own.some((node) => node.name.startsWith('Yield'))) return;
  const returns = own.filter((node) => node.name === 'ReturnStatement');
  const withValue = returns.filter((node) => node.firstChild?.nextSibling != null);
  const statements = statementsOf(body);
  if (withValue.length > 0) {
    if (withValue.length < returns.length || !statements.some(leaves)) code.find('missing_return', definition);
    return;
  }
  if (returns.length > 0 || !statements.some(isWork)) return;
  const called = code.textOf(name);
  const isUsed = code
    .all('CallExpression')
    .some(
      (call) =>
        call.firstChild?.name === 'VariableName' &&
        code.textOf(call.firstChild) === called &&
        call.parent?.name !== 'ExpressionStatement' &&
        (call.from < definition.from || call.from >= definition.to),
    );
  if (isUsed && !statements.some(leaves)) code.find('missing_return', definition);
}

/** More than `pass`, `...` or a docstring. */
function isWork(statement: SyntaxNode): boolean {
  if (statement.name === 'PassStatement') return false;
  return statement.name !== 'ExpressionStatement' || !['String', 'Ellipsis'].includes(statement.firstChild?.name ?? '');
}

function checkComparison(code: CodeTree, comparison: SyntaxNode): void {
  const children = childrenOf(comparison);
  const sign = children.find(({ name }) => name === 'CompareOp' || name === 'is');
  const values = children.filter((node) => node !== sign && node.name !== 'not');
  if (sign === undefined) return;
  if (sign.name === 'is') {
    if (values.some(({ name }) => name === 'String' || name === 'Number')) code.find('identity_of_value', comparison);
    return;
  }
  if (!['==', '!='].includes(code.textOf(sign))) return;
  if (values.some(({ name }) => name === 'None')) code.find('compare_none', comparison);
  if (values.some((value) => value.to - value.from < 40 && NAN.test(code.textOf(value))))
    code.find('compare_nan', comparison);
}

function checkUse(code: CodeTree, statement: SyntaxNode): void {
  const only = statement.firstChild;
  if (only === null) return;
  if (only.name === 'BinaryExpression' || only.name === 'UnaryExpression') {
    // `a and b()` and `f() or exit()` do something.
    if (!some(below(only), ({ name }) => name === 'CallExpression' || name === 'AwaitExpression'))
      code.find('unused_result', statement);
    return;
  }
  if (only.name === 'MemberExpression') return code.find('unused_result', statement);
  const called = only.name === 'CallExpression' ? only.firstChild : null;
  if (called === null) return;
  const name = code.textOf(called);
  const isPure = called.name === 'VariableName' ? PURE_CALLS.has(name) : PURE_METHODS.test(name.slice(-20));
  if (isPure) code.find('unused_result', statement);
}

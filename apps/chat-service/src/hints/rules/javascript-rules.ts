import type { SyntaxNode } from '@lezer/common';
import { after, below, childrenOf, ERROR, some, type CodeTree } from './code-tree';

const FUNCTIONS = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunction',
  'MethodDeclaration',
  'ClassDeclaration',
  'ClassExpression',
]);
const LEAVING = new Set(['ReturnStatement', 'ThrowStatement', 'BreakStatement', 'ContinueStatement']);
const LOOPS = new Set(['WhileStatement', 'DoStatement', 'ForStatement', 'SwitchStatement']);
/** Give a value back and change nothing. */
const PURE_METHODS =
  /\.(?:slice|concat|map|filter|toUpperCase|toLowerCase|trim|trimStart|trimEnd|replace|replaceAll|join|padStart|padEnd|toString|indexOf|includes|toSorted|toReversed)$/;
/** Their callback has to give a value back. */
const ASKING_METHODS = /\.(?:map|filter|reduce|some|every|find|findIndex|flatMap)$/;

const within = (node: SyntaxNode): boolean => !FUNCTIONS.has(node.name);

/** What can be wrong with a program in JavaScript or TypeScript, as far as its text alone shows it. */
export function checkJavaScript(code: CodeTree): void {
  const [error] = code.all(ERROR).sort((a, b) => a.from - b.from);
  if (error !== undefined) return code.find('syntax_error', error);
  for (const statement of code.all('IfStatement', 'WhileStatement', 'DoStatement')) checkCondition(code, statement);
  for (const loop of code.all('WhileStatement', 'DoStatement')) checkWhile(code, loop);
  for (const loop of code.all('ForStatement')) checkFor(code, loop);
  for (const made of code.all('FunctionDeclaration', 'FunctionExpression', 'ArrowFunction', 'MethodDeclaration'))
    checkReturns(code, made);
  for (const block of code.all('Block', 'Script'))
    for (const statement of after(statementsOf(block), leaves))
      if (statement.name !== 'FunctionDeclaration') code.find('unreachable_code', statement);
  for (const comparison of code.all('BinaryExpression')) checkComparison(code, comparison);
  for (const statement of code.all('ExpressionStatement')) checkUse(code, statement);
}

/** A condition without its parentheses. */
function conditionOf(statement: SyntaxNode): SyntaxNode | null {
  return statement.getChild('ParenthesizedExpression')?.firstChild?.nextSibling ?? null;
}

function checkCondition(code: CodeTree, statement: SyntaxNode): void {
  const condition = conditionOf(statement);
  // Twice in parentheses it is meant.
  if (condition?.name === 'AssignmentExpression') code.find('assignment_in_condition', condition);
}

function statementsOf(block: SyntaxNode): SyntaxNode[] {
  return childrenOf(block).filter(({ name }) => /(?:Statement|Declaration)$/.test(name) || name === 'Block');
}

/** Nothing after it in its block can run. */
function leaves(statement: SyntaxNode): boolean {
  if (LEAVING.has(statement.name)) return true;
  switch (statement.name) {
    case 'Block':
      return statementsOf(statement).some(leaves);
    case 'IfStatement': {
      const ways = statementsOf(statement);
      return ways.length === 2 && ways.every(leaves);
    }
    case 'TryStatement': {
      const end = statement.getChild('FinallyClause')?.getChild('Block');
      if (end != null && leaves(end)) return true;
      const [tried, caught] = [statement.getChild('Block'), statement.getChild('CatchClause')?.getChild('Block')];
      return tried !== null && leaves(tried) && (caught == null || leaves(caught));
    }
    case 'SwitchStatement':
      return switchLeaves(statement);
    case 'WhileStatement':
    case 'ForStatement':
      return isForever(statement) && !hasBreak(statement);
    default:
      return false;
  }
}

/** There is a way for everything else, and the last of each leaves: good enough for what students write. */
function switchLeaves(statement: SyntaxNode): boolean {
  const body = statement.getChild('SwitchBody');
  if (body?.getChild('DefaultLabel') == null || hasBreak(statement)) return false;
  const last = statementsOf(body).at(-1);
  return last !== undefined && leaves(last);
}

function isForever(loop: SyntaxNode): boolean {
  if (loop.name === 'ForStatement') {
    const spec = loop.getChild('ForSpec');
    return (
      spec !== null &&
      childrenOf(spec)
        .map(({ name }) => name)
        .join('') === '(;;)'
    );
  }
  const condition = conditionOf(loop);
  return condition?.name === 'BooleanLiteral' && condition.to - condition.from === 'true'.length;
}

function hasBreak(loop: SyntaxNode): boolean {
  // One with a label may end an outer loop, so that it counts wherever it stands.
  const own = (node: SyntaxNode): boolean => within(node) && !LOOPS.has(node.name);
  return (
    some(below(loop, own), ({ name }) => name === 'BreakStatement') ||
    some(below(loop, within), (node) => node.name === 'BreakStatement' && node.getChild('Label') !== null)
  );
}

function ends(code: CodeTree, node: SyntaxNode): boolean {
  return (
    ['ReturnStatement', 'ThrowStatement', 'YieldExpression', 'AwaitExpression'].includes(node.name) ||
    (node.name === 'CallExpression' && code.text.startsWith('process.exit', node.from))
  );
}

function checkWhile(code: CodeTree, loop: SyntaxNode): void {
  const condition = conditionOf(loop);
  const body = statementsOf(loop).at(0);
  if (condition === null || body === undefined) return;
  if (hasBreak(loop) || some(below(loop, within), (node) => ends(code, node))) return;
  if (isForever(loop)) return code.find('infinite_loop', loop);
  const names = namesIn(code, condition);
  if (names === null || names.size === 0) return;
  if (!some(below(loop), (node) => mayChange(code, node, names))) code.find('infinite_loop', loop);
  else if (isPastTheEnd(code, condition, body)) code.find('off_by_one', loop);
}

/** The variables of a condition; null where it asks something that can change by itself. */
function namesIn(code: CodeTree, condition: SyntaxNode): Set<string> | null {
  const names = new Set<string>();
  for (const node of [condition, ...below(condition)]) {
    if (['CallExpression', 'AwaitExpression', 'AssignmentExpression', 'PostfixExpression'].includes(node.name))
      return null;
    if (node.name === 'MemberExpression' && !/^\w+\.length$/.test(code.textOf(node))) return null;
    if (node.name === 'UnaryExpression' && /^(?:\+\+|--)/.test(code.textOf(node))) return null;
    if (node.name === 'VariableName') names.add(code.textOf(node));
  }
  return names;
}

/** It is given a value, called upon, or handed to somebody who may change it. */
function mayChange(code: CodeTree, node: SyntaxNode, names: ReadonlySet<string>): boolean {
  if (node.name !== 'VariableName' || !names.has(code.textOf(node))) return false;
  const { parent } = node;
  if (isGivenValue(code, node)) return true;
  switch (parent?.name) {
    case 'ArgList':
      return !/^(?:console\.\w+|String|Number|Math\.\w+)\s*\(/.test(code.textOf(parent.parent ?? parent));
    case 'MemberExpression':
      return parent.parent?.name === 'CallExpression' || parent.parent?.name === 'AssignmentExpression';
    case 'ArrayPattern':
    case 'ObjectPattern':
    case 'ArrayExpression':
      return true;
    default:
      return false;
  }
}

function isGivenValue(code: CodeTree, { parent, from }: SyntaxNode): boolean {
  switch (parent?.name) {
    case 'PostfixExpression':
    case 'ForOfSpec':
    case 'ForInSpec':
      return true;
    case 'UnaryExpression':
      return /^(?:\+\+|--)/.test(code.textOf(parent));
    case 'AssignmentExpression':
      return parent.firstChild?.from === from;
    default:
      return false;
  }
}

function checkFor(code: CodeTree, loop: SyntaxNode): void {
  const spec = loop.getChild('ForSpec');
  const body = statementsOf(loop).at(-1);
  if (spec === null || body === undefined) return;
  const stops = hasBreak(loop) || some(below(body, within), (node) => ends(code, node));
  if (isForever(loop)) {
    if (!stops) code.find('infinite_loop', loop);
    return;
  }
  const condition = spec.getChild('BinaryExpression');
  if (condition === null) return;
  if (isPastTheEnd(code, condition, body)) code.find('off_by_one', condition);
  if (!stops && runsAway(code, spec, condition, body)) code.find('infinite_loop', loop);
}

/** `i < n; i--`, or an `i` that nothing changes. */
function runsAway(code: CodeTree, spec: SyntaxNode, condition: SyntaxNode, body: SyntaxNode): boolean {
  const [, index, sign] = /^(\w+)\s*([<>]=?)/.exec(code.textOf(condition)) ?? [];
  const update = spec.lastChild?.prevSibling;
  if (index === undefined || sign === undefined || update == null) return false;
  const isIndex = (node: SyntaxNode): boolean => node.name === 'VariableName' && code.textOf(node) === index;
  if (some(below(body), (node) => isIndex(node) && isGivenValue(code, node))) return false;
  const step = code.textOf(update).replace(/\s/g, '');
  if (sign.startsWith('<')) return step === `${index}--` || step === `--${index}` || step.startsWith(`${index}-=`);
  return step === `${index}++` || step === `++${index}` || step.startsWith(`${index}+=`);
}

/** `i <= x.length` where `x[i]` is read. */
function isPastTheEnd(code: CodeTree, condition: SyntaxNode, body: SyntaxNode): boolean {
  const [, index, list] = /^(\w+)\s*<=\s*(\w+)\.length$/.exec(code.textOf(condition)) ?? [];
  if (index === undefined || list === undefined) return false;
  return some(
    below(body),
    (node) => node.name === 'MemberExpression' && code.textOf(node).replace(/\s/g, '') === `${list}[${index}]`,
  );
}

function checkReturns(code: CodeTree, made: SyntaxNode): void {
  const block = made.getChild('Block');
  if (block === null || some(childrenOf(made), ({ name }) => name === 'Star' || name === 'get')) return;
  const returns = [...below(block, within)].filter(({ name }) => name === 'ReturnStatement');
  const withValue = returns.filter((node) => !/^return\s*;?$/.test(code.textOf(node)));
  const statements = statementsOf(block);
  if (withValue.length > 0) {
    if (withValue.length < returns.length || !statements.some(leaves)) code.find('missing_return', made);
    return;
  }
  if (statements.length === 0 || statements.some(leaves)) return;
  if (isAsked(code, made)) code.find('missing_return', made);
}

/** What it gives back is used: by a method like `map`, or where its name is called. */
function isAsked(code: CodeTree, made: SyntaxNode): boolean {
  const method = made.parent?.name === 'ArgList' ? made.parent.parent?.firstChild : null;
  if (method?.name === 'MemberExpression') return ASKING_METHODS.test(code.textOf(method).slice(-20));
  const name = made.name === 'FunctionDeclaration' ? made.getChild('VariableDefinition') : null;
  if (name === null) return false;
  const called = code.textOf(name);
  return code
    .all('CallExpression')
    .some(
      (call) =>
        call.firstChild?.name === 'VariableName' &&
        code.textOf(call.firstChild) === called &&
        !['ExpressionStatement', 'AwaitExpression'].includes(call.parent?.name ?? '') &&
        (call.from < made.from || call.from >= made.to),
    );
}

function checkComparison(code: CodeTree, comparison: SyntaxNode): void {
  const sign = comparison.getChild('CompareOp');
  if (sign === null || !/^[!=]==?$/.test(code.textOf(sign))) return;
  const isNan = (node: SyntaxNode): boolean =>
    node.to - node.from <= 'Number.NaN'.length && /^(?:Number\.)?NaN$/.test(code.textOf(node));
  if (childrenOf(comparison).some(isNan)) code.find('compare_nan', comparison);
}

function checkUse(code: CodeTree, statement: SyntaxNode): void {
  const only = statement.firstChild;
  if (only === null) return;
  const works = (): boolean =>
    some(below(only), ({ name }) =>
      ['CallExpression', 'AwaitExpression', 'AssignmentExpression', 'PostfixExpression', 'YieldExpression'].includes(
        name,
      ),
    );
  if (only.name === 'BinaryExpression' && !works()) return code.find('unused_result', statement);
  if (only.name === 'MemberExpression') return code.find('unused_result', statement);
  const called = only.name === 'CallExpression' ? only.firstChild : null;
  if (called?.name === 'MemberExpression' && PURE_METHODS.test(code.textOf(called).slice(-20)) && !hasCallback(only))
    code.find('unused_result', statement);
}

/** `xs.map((x) => { save(x); })` is a loop in disguise. */
function hasCallback(call: SyntaxNode): boolean {
  return some(below(call), ({ name }) => name === 'Block');
}

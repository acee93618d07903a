// What is said in the conversations of the showcase.
export const EXCHANGES = [
  {
    title: '회의록 요약 도와줘',
    turns: [
      {
        question: '회의록을 세 줄로 요약하는 프롬프트를 만들어 줘.',
        answer: `다음 프롬프트를 써 보세요.

> 아래 회의록을 **세 줄**로 요약해 줘. 첫 줄은 결정된 것, 둘째 줄은 할 일과 담당자, 셋째 줄은 남은 질문.

회의록이 길면 "숫자와 날짜는 그대로 옮겨 줘"를 덧붙이면 빠지는 내용이 줄어듭니다.`,
      },
    ],
  },
  {
    title: 'Why is the first token slow?',
    turns: [
      {
        question: 'Why does the first token take longer than the others?',
        answer: `Because the whole prompt has to be read before the first word can be written.

- **Prefill** works on all tokens of the prompt at once. It is bound by compute and grows with the prompt.
- **Decode** writes one token after another. It is bound by memory bandwidth, so each step takes about the same time.`,
      },
    ],
  },
  {
    title: 'Merging overlapping time ranges',
    turns: [
      {
        question: 'Write a Python function that merges overlapping time ranges. What does it cost?',
        reasoning:
          'Sort by start, then walk once and extend the last range while the next one begins before it ends. Touching ranges: decide and say so. Cost is that of the sort.',
        answer: `Sort the ranges by their start, then walk through them once:

\`\`\`python
def merge(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Merges ranges that overlap or touch."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
\`\`\`

| step | time | memory |
| --- | --- | --- |
| sorting | $$O(n \\log n)$$ | $$O(n)$$ |
| walking | $$O(n)$$ | $$O(n)$$ |

So it is $$O(n \\log n)$$ in all. Ranges that merely *touch* become one; use \`<\` in place of \`<=\` to keep them apart.`,
      },
      {
        question: 'And if they come sorted already?',
        answer: `Then the walk alone is left, $$O(n)$$. Take any iterable and \`yield\` each range when the next one begins after it: that way a file of any length is merged with one range in memory.`,
      },
    ],
  },
];

/**
 * What attempts to take over a model's instructions are known to say (OWASP Top 10 for LLM applications, LLM01; public
 * collections of such prompts), in English and Korean. They are told of and nothing else: whoever wants to gets around
 * any such list.
 */
export const INJECTION_PATTERNS: readonly string[] = [
  '(ignore|disregard|forget|override|bypass)\\s{1,3}(all\\s{1,3}|any\\s{1,3})?(of\\s{1,3})?(the\\s{1,3}|your\\s{1,3}|my\\s{1,3})?(previous|prior|above|earlier|preceding|system)\\s{1,3}(instructions?|prompts?|rules?|messages?|directions?)',
  '(reveal|show|print|repeat|output|tell\\s{1,3}me|leak|give\\s{1,3}me)\\s{1,3}(me\\s{1,3})?(all\\s{1,3})?(of\\s{1,3})?(the\\s{1,3}|your\\s{1,3})(full\\s{1,3}|whole\\s{1,3}|hidden\\s{1,3}|initial\\s{1,3}|original\\s{1,3})?(system\\s{1,3})(prompt|message|instructions?)',
  '(what\\s{1,3}(is|are|was|were))\\s{1,3}your\\s{1,3}(system|initial|original|hidden)\\s{1,3}(prompt|message|instructions?)',
  '(you\\s{1,3}are\\s{1,3}now|act\\s{1,3}as|pretend\\s{1,3}to\\s{1,3}be|from\\s{1,3}now\\s{1,3}on\\s{1,3}you\\s{1,3}are)\\s{1,3}(a\\s{1,3}|an\\s{1,3})?(dan\\b|jailbroken|unrestricted|unfiltered|developer\\s{1,3}mode)',
  '(enable|activate|enter|switch\\s{1,3}to)\\s{1,3}(developer|debug|god|jailbreak|admin|dan)\\s{1,3}mode',
  'do\\s{1,3}anything\\s{1,3}now',
  '(new|updated)\\s{1,3}(system\\s{1,3})(prompt|instructions?)\\s{0,3}:',
  '(<\\|im_start\\|>|<\\|start_header_id\\|>|\\[inst\\]|<<sys>>|<\\|system\\|>|<｜user｜>)',
  '(이전|위의|앞의|기존|모든)\\s{0,3}(의\\s{0,3})?(모든\\s{0,3})?(지시|명령|지침|프롬프트|규칙)(사항)?(을|를|은|는|들을)?\\s{0,3}(전부\\s{0,3}|모두\\s{0,3})?(무시|잊|따르지)',
  '(시스템\\s{0,3}(프롬프트|메시지|지시|지침)|숨겨진\\s{0,3}지시)(를|을|사항을)?\\s{0,3}(그대로\\s{0,3}|모두\\s{0,3}|전부\\s{0,3})?(알려|보여|출력|공개|말해)',
  '(너는|당신은|넌)\\s{0,3}(이제|지금)(부터)?\\s{0,3}(제한|규칙|필터)(이|가|도)?\\s{0,3}없',
];

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrite.llm import parsing, thoughts

DRAFT, ANSWER = '["a draft of it"]', '["what it says"]'
FORMS = [
    "<think>\nThey want texts: {draft}\n</think>\n\n{answer}",
    "They want texts: {draft}\n</think>\n{answer}",
    "<thinking>```json\n{draft}\n```</thinking>```json\n{answer}\n```",
    '<Reasoning effort="high">{draft}</Reasoning>{answer}',
    "<seed:think>{draft}</seed:think>{answer}",
    "[THINK]{draft}[/THINK]{answer}",
    "◁think▷{draft}◁/think▷{answer}",
    "<|begin_of_thought|>{draft}<|end_of_thought|><|begin_of_solution|>{answer}<|end_of_solution|>",
    "<think>I begin with a <think> tag: {draft}</think>{answer}",
    "<think>a<think>b</think>{draft}</think>{answer}",
    "{answer}<think>Is that right? {draft}</think>",
    "{answer}\n<think>One more: {draft}",
    "<|channel|>analysis<|message|>{draft}<|end|><|start|>assistant<|channel|>final<|message|>{answer}<|return|>",
    "<|channel|>commentary<|message|>{draft}<|end|><|channel|>final <|constrain|>json<|message|>{answer}",
    "analysisThey want texts: {draft}.assistantfinal{answer}",
    "<reasoning_process>{draft}</reasoning_process>{answer}",
    "<inner_monologue>{draft}</inner_monologue>{answer}",
    "<antThinking>{draft}</antThinking>{answer}",
    "<plan>{draft}</plan><draft>{draft}</draft>{answer}",
    "< think >{draft}</ think >{answer}",
    "&lt;think&gt;{draft}&lt;/think&gt;{answer}",
    "<think />{answer}",
    "<|think|>{draft}<|/think|>{answer}",
    "<|think:start|>{draft}<|think:end|>{answer}",
    "<|inner_prefix|>{draft}<|inner_suffix|>{answer}",
    "<unused94>thought\n{draft}<unused95>{answer}",
    "<|im_start|>think\n{draft}<|im_start|>answer\n{answer}",
    "<|im_start|>assistant/think\n{draft}<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>",
    "<|begin|>assistant<|think|>{draft}<|end|><|begin|>assistant<|content|>{answer}<|end|>",
    '<details type="reasoning" done="true">\n<summary>Thought</summary>\n> {draft}\n</details>\n{answer}',
    "Here is my thought process:\n{draft}\nHere is my response:\n{answer}",
    "**Thinking:**\n{draft}\n\n**Answer:**\n{answer}",
    "## Thoughts\n{draft}\n## Final answer\n{answer}",
    # In other languages, of any name, in words of their own.
    "<denken>{draft}</denken>{answer}",
    "<思考过程>{draft}</思考过程>\n<回答>{answer}</回答>",
    "<рассуждение>{draft}</рассуждение>{answer}",
    "<notes_to_self>{draft}</notes_to_self>{answer}",
    "<step><verify>{draft}</verify></step>{answer}",
    "<contemplator>{draft}</contemplator>\n<final_answer>{answer}</final_answer>",
    "<answer_draft>{draft}</answer_draft><answer>{answer}</answer>",
    "\\u003cthink\\u003e{draft}\\u003c/think\\u003e{answer}",
    "[THOUGHT]{draft}[/THOUGHT]{answer}",
    "<|start_of_thinking|>{draft}<|end_of_thinking|>{answer}",
    "<|channel|>reflection<|message|>{draft}<|end|><|start|>assistant<|channel|>final {answer}",
    "Okay.\n\n**Thinking:**\n{draft}\n\n**Answer:**\n{answer}",
    "**Überlegung:**\n{draft}\n\n**Antwort:**\n{answer}",
    "First draft:\n{draft}\n\nRevised:\n{answer}",
    "Let me see.\n{draft}\n\nFinal JSON: {answer}",
    # Tags that say where they end, in other brackets, blocks of code, quotations, steps.
    "<|think_start|>{draft}<|think_end|>{answer}",
    "<|bot_think|>{draft}<|eot_think|>{answer}",
    "[ANALYSIS]{draft}[/ANALYSIS]{answer}",
    "{{think}}{draft}{{/think}}{answer}",
    "<function=think>{draft}</function>{answer}",
    "<विचार>{draft}</विचार>{answer}",
    "```thinking\n{draft}\n```\n{answer}",
    "```think\n{draft}\n```\n```json\n{answer}\n```",
    "> thinking…\n> {draft}\n\n{answer}",
    "---THINKING---\n{draft}\n---ANSWER---\n{answer}",
    "=== Reasoning ===\n{draft}\n=== Final ===\n{answer}",
    "**Step 1: Brainstorm**\n{draft}\n**Step 2: Final list**\n{answer}",
    "Initial:\n{draft}\n\nCritique: too dull.\n\nRevision:\n{answer}",
    "Version 1:\n{draft}\nVersion 2 (final):\n{answer}",
    "First, these: {draft}\n\nThose are too alike. Here is a better version:\n\n{answer}",
    "{draft}\n\nHm, too short. Let me revise them:\n{answer}",
    "Draft: {draft}. So the answer is \\boxed{{answer}}",
    # What follows the end of the turn was not asked for.
    "{answer}</s>[INST] More. [/INST] {draft}",
    "{answer} [INST] More. [/INST] {draft}",
    "### Response:\n{answer}\n\n### Instruction:\nMore.\n\n### Response:\n{draft}",
    "{answer}\n\nHuman: More.\n\nAssistant: {draft}",
    "<|assistant|>\n{answer}\n<|user|>\nMore.\n<|assistant|>\n{draft}",
    "{answer}<|im_end|>\n<|im_start|>user\nmore\n<|im_start|>assistant\n{draft}",
]
UNCLOSED = [
    "<think>{draft}",
    "analysisThey want texts: {draft}",
    "Well.\n<thinking>\n{draft}",
    "{draft}</think>",
    "<|channel|>analysis<|message|>{draft}",
]


@pytest.mark.parametrize("form", FORMS)
def test_what_a_model_thinks_is_no_answer(form: str) -> None:
    stripped = thoughts.strip(form.replace("{draft}", DRAFT).replace("{answer}", ANSWER))
    assert DRAFT not in stripped
    assert parsing.texts(stripped) == json.loads(ANSWER)


@pytest.mark.parametrize("form", UNCLOSED)
def test_a_thought_that_does_not_end_holds_no_answer(form: str) -> None:
    assert "draft" not in thoughts.strip(form.replace("{draft}", DRAFT))


@pytest.mark.parametrize(
    "answer",
    [
        '["The <think> tag opens it."]',
        "<|im_start|>assistant\n[1]",
        "Answer:\n[1]",
        '{"texts": ["It ends with </think> or <|channel|>."]}',
        " plain words",
        '[Analysis]\n["It is so."]',
    ],
)
def test_an_answer_without_thoughts_is_left_as_it_is(answer: str) -> None:
    assert thoughts.strip(answer) == answer
    assert thoughts.strip(f"<think>hm</think>{answer}") == answer


WORDS = st.lists(st.text(), min_size=1)


@given(st.sampled_from([*FORMS, *UNCLOSED]), st.lists(st.text("ab <>/[]\"'\n,`"), min_size=1), WORDS)
def test_no_draft_ever_comes_out_as_a_text(form: str, drafts: list[str], answer: list[str]) -> None:
    drafts = [f"draft {n}: {text}" for n, text in enumerate(drafts)]
    reply = form.replace("{draft}", json.dumps(drafts)).replace("{answer}", json.dumps(answer))
    assert not any("draft" in text for text in parsing.texts(reply) if text not in answer)


@given(st.text() | st.text("<>/think[]|channelfinalmessage \"'"))
def test_any_answer_can_be_stripped(answer: str) -> None:
    assert len(thoughts.strip(answer)) <= len(answer)

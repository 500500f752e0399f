"""Asks the scripted model what its users ask, with the vendors' own clients. How to run it: README.md."""

import json
import subprocess
import sys
import warnings

import anthropic
import openai
from google import genai
from google.genai import errors as google_errors
from google.genai import types as google_types

warnings.simplefilter("ignore", DeprecationWarning)
LONG = "you said hello " + "ж" * 3000
ARGUMENTS = [{"path": "ä.py"}, {"path": "b.py"}]
PARAMETERS = {
    "type": "object",
    "properties": {"path": {"type": "string"}},
    "required": ["path"],
    "additionalProperties": False,
}


def main():
    program = ["cargo", "run", "-q", "-p", "patchwork-testkit", "--example", "model_server"]
    server = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().strip()
        assert url, "the server did not start"
        for check in (openai_chat, azure, openai_responses, anthropic_messages, gemini, vertex):
            check(url)
            print(f"{check.__name__}: fine")
    finally:
        end, _ = server.communicate("")
    print(end, end="")
    sys.exit(not end.endswith("[]\n"))


def same(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


def fails(error, call):
    try:
        call()
    except error as raised:
        return raised
    raise AssertionError(f"no {error.__name__}")


def openai_chat(url):
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
    check_chat(client, "gpt-5")


def azure(url):
    client = openai.AzureOpenAI(azure_endpoint=url, api_key="none", api_version="2024-10-21", max_retries=0)
    check_chat(client, "my-gpt")


def check_chat(client, model):
    tools = [{"type": "function", "function": {"name": "look", "strict": True, "parameters": PARAMETERS}}]

    def ask(text, **more):
        said = [{"role": "system", "content": "be brief"}, {"role": "user", "content": text}]
        return client.chat.completions.create(model=model, messages=said, tools=tools, **more)

    def streamed(text):
        said = [{"role": "user", "content": text}]
        options = {"include_usage": True}
        with client.chat.completions.stream(model=model, messages=said, tools=tools, stream_options=options) as stream:
            for _ in stream:
                pass
            return stream.get_final_completion()

    for get in (ask, streamed):
        answer = get("hello")
        same(answer.choices[0].message.content, LONG)
        same(answer.choices[0].finish_reason, "stop")
        same((answer.usage.prompt_tokens, answer.usage.completion_tokens), (90, 30))
        same(answer.usage.prompt_tokens_details.cached_tokens, 64)
        same(answer.usage.completion_tokens_details.reasoning_tokens, 8)
        answer = get("call").choices[0]
        same([call.id for call in answer.message.tool_calls], ["call_1", "call_2"])
        same([call.function.name for call in answer.message.tool_calls], ["look", "look"])
        same([json.loads(call.function.arguments) for call in answer.message.tool_calls], ARGUMENTS)
        same((answer.finish_reason, answer.message.content), ("tool_calls", "Let me look."))
        same(get("refuse").choices[0].message.refusal, "I can't.")
        same(fails(openai.NotFoundError, lambda: get("fail")).status_code, 404)
    same(ask("limit").choices[0].finish_reason, "length")
    same(ask("nothing").choices[0].message.content, None)
    fails(openai.LengthFinishReasonError, lambda: streamed("limit"))
    fails(openai.APIError, lambda: streamed("break"))


def openai_responses(url):
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
    tools = [{"type": "function", "name": "look", "strict": True, "parameters": PARAMETERS}]
    ask = lambda text: client.responses.create(model="gpt-5", instructions="be brief", input=text, tools=tools)

    def streamed(text):
        with client.responses.stream(model="gpt-5", input=text, tools=tools) as stream:
            numbers = [event.sequence_number for event in stream]
            same(numbers, list(range(len(numbers))))
            return stream.get_final_response()

    for get in (ask, streamed):
        answer = get("hello")
        same((answer.output_text, answer.status), (LONG, "completed"))
        same((answer.usage.input_tokens, answer.usage.output_tokens), (90, 30))
        same(answer.usage.input_tokens_details.cached_tokens, 64)
        same(answer.usage.output_tokens_details.reasoning_tokens, 8)
        calls = [item for item in get("call").output if item.type == "function_call"]
        same([call.call_id for call in calls], ["call_1", "call_2"])
        same([json.loads(call.arguments) for call in calls], ARGUMENTS)
        thought = get("think").output[0]
        same((thought.summary[0].text, thought.encrypted_content), ("Greet back.", "c2lnbmVk"))
        same(get("refuse").output[0].content[0].refusal, "I can't.")
        fails(openai.NotFoundError, lambda: get("fail"))
    same(ask("limit").incomplete_details.reason, "max_output_tokens")
    same(ask("nothing").output_text, "")
    for text, last in (("limit", "response.incomplete"), ("break", "error")):
        with client.responses.create(model="gpt-5", input=text, stream=True) as stream:
            same([event.type for event in stream][-1], last)


def anthropic_messages(url):
    client = anthropic.Anthropic(base_url=url, api_key="none", max_retries=0)
    tools = [{"name": "look", "input_schema": PARAMETERS}]

    def request(text):
        said = [{"role": "user", "content": text}]
        return {"model": "claude-opus-4-8", "max_tokens": 64, "system": "be brief", "messages": said, "tools": tools}

    ask = lambda text: client.messages.create(**request(text))

    def streamed(text):
        with client.messages.stream(**request(text)) as stream:
            for _ in stream:
                pass
            return stream.get_final_message()

    for get in (ask, streamed):
        answer = get("hello")
        same((answer.content[0].text, answer.stop_reason), (LONG, "end_turn"))
        same((answer.usage.input_tokens, answer.usage.cache_read_input_tokens, answer.usage.output_tokens), (26, 64, 30))
        same(answer.usage.output_tokens_details.thinking_tokens, 8)
        answer = get("call")
        same([(block.id, block.input) for block in answer.content[1:]], list(zip(["call_1", "call_2"], ARGUMENTS)))
        same(answer.stop_reason, "tool_use")
        thought = get("think").content[0]
        same((thought.thinking, thought.signature), ("Greet back.", "c2lnbmVk"))
        same(get("refuse").stop_reason, "refusal")
        same(get("limit").stop_reason, "max_tokens")
        same(get("nothing").content, [])
        fails(anthropic.NotFoundError, lambda: get("fail"))
    same(fails(anthropic.APIStatusError, lambda: streamed("break")).body["error"]["type"], "overloaded_error")


def gemini(url):
    check_google(genai.Client(api_key="none", http_options={"base_url": url}))


def vertex(url):
    check_google(genai.Client(vertexai=True, api_key="none", http_options={"base_url": url}))


def check_google(client):
    # Its parameters_json_schema and thinking_config go out with such names; the description knows the documented ones only.
    parameters = {"type": "OBJECT", "properties": {"path": {"type": "STRING"}}, "required": ["path"]}
    declaration = {"name": "look", "description": "Looks", "parameters": parameters}
    config = google_types.GenerateContentConfig(
        system_instruction="be brief",
        tools=[google_types.Tool(function_declarations=[declaration])],
        automatic_function_calling={"disable": True},
        max_output_tokens=64,
    )
    about = {"model": "gemini-2.5-pro", "config": config}
    ask = lambda text: [client.models.generate_content(contents=text, **about)]
    streamed = lambda text: list(client.models.generate_content_stream(contents=text, **about))
    for get in (ask, streamed):
        chunks = get("hello")
        same("".join(chunk.text for chunk in chunks if chunk.text), LONG)
        usage = chunks[-1].usage_metadata
        same((usage.prompt_token_count, usage.cached_content_token_count), (90, 64))
        same((usage.candidates_token_count, usage.thoughts_token_count), (22, 8))
        same(chunks[-1].candidates[0].finish_reason, "STOP")
        calls = [call for chunk in get("call") for call in chunk.function_calls or []]
        same([(call.id, call.args) for call in calls], list(zip(["call_1", "call_2"], ARGUMENTS)))
        parts = [part for chunk in get("think") for part in chunk.candidates[0].content.parts]
        same("".join(part.text for part in parts if part.thought), "Greet back.")
        same([part.thought_signature for part in parts if part.thought_signature], [b"signed"])
        same(get("refuse")[-1].candidates[0].finish_reason, "SAFETY")
        same(get("limit")[-1].candidates[0].finish_reason, "MAX_TOKENS")
        get("nothing")
        same(fails(google_errors.ClientError, lambda: get("fail")).code, 404)
    fails(google_errors.APIError, lambda: streamed("break"))


if __name__ == "__main__":
    main()

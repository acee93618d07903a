// The openai package in a process of its own, since Node reads NODE_EXTRA_CA_CERTS only as it starts.
// Prints each token on a line of its own as it comes.
import OpenAI from 'openai';

const [baseURL, apiKey, question] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: 'user', content: question }];
const stream = await client.chat.completions.create({ model: 'scripted', messages, stream: true });
for await (const chunk of stream) {
  const text = chunk.choices[0]?.delta.content;
  if (text) process.stdout.write(`${JSON.stringify(text)}\n`);
}
process.stdout.write('end\n');

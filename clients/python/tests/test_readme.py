"""Every example of README.md runs as it is, but for the address."""
import os
import pathlib
import re
import subprocess
import sys
import unittest

from support import FakeOpenAI, ServerTest

README = pathlib.Path(__file__).resolve().parents[1] / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


class Readme(ServerTest):
    def run_example(self, code):
        fake = FakeOpenAI()
        self.addCleanup(fake.close)
        code = code.replace("127.0.0.1:7717", self.server.address)
        env = {**os.environ, "OPENAI_BASE_URL": fake.url, "OPENAI_API_BASE": fake.url, "OPENAI_API_KEY": "none",
               "LITELLM_LOCAL_MODEL_COST_MAP": "True", "XDG_STATE_HOME": os.path.dirname(self.outbox)}
        before = self.server.learned()
        done = subprocess.run([sys.executable, "-c", code], text=True, env=env, capture_output=True, check=False,
                              timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.server.learned(), before + 1, done.stderr)
        return done.stdout

    def test_every_example_runs_and_its_outcome_is_learned(self):
        self.assertEqual(len(EXAMPLES), 6)
        for code in EXAMPLES:
            with self.subTest(code.splitlines()[0] + " ..."):
                self.setUp()
                self.run_example(code)

    def test_the_first_one_prints_its_decision(self):
        arm, decision_id, _ = self.run_example(EXAMPLES[0]).split()
        outcome = self.server.outcomes(decision_id)[0]
        self.assertEqual((outcome["arm"], outcome["quality"], outcome["output_tokens"]), (arm, 1, 34))


if __name__ == "__main__":
    unittest.main()

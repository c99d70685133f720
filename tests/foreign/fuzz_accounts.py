"""The accounts that sign in, and out, under the fuzzer: nobody's but its own, so that no answer ends the run.

Each may try five passwords a minute, so there are several; whoever cannot sign in now gives way to the next one.
"""

import collections
import json
import time
import urllib.error
import urllib.request

# Five tries a minute by name; one comes back in so many seconds.
AGAIN = 12


class Account:
    def __init__(self, email, password, role):
        self.email, self.password, self.role = email, password, role
        self.access_token = None
        self.not_before = 0.0


class Accounts:
    """Who signs in at `base`; the messages to people are read at `desk`."""

    def __init__(self, base, desk, accounts):
        self.base, self.desk = base, desk
        self.accounts = collections.deque(Account(*account) for account in accounts)
        self.refresh_tokens = collections.deque(maxlen=20)
        # Who is being registered, by address.
        self.newcomers = {}

    def bearer(self, role):
        """The access token of an account of that role; an old one where nobody can sign in now."""
        able = [account for account in self.accounts if account.role == role]
        for account in sorted(able, key=lambda account: not account.access_token):
            if account.access_token or self._sign_in(account):
                return account.access_token
        return "nobody's"

    def of(self, access_token):
        """Whose token it is."""
        return next((account for account in self.accounts if account.access_token == access_token), None)

    def one(self, role="prosumer"):
        return next(account for account in self.accounts if account.role == role)

    def rotate(self):
        self.accounts.rotate(1)

    def gone(self, access_token):
        """That token opens nothing any more."""
        for account in self.accounts:
            if account.access_token == access_token:
                account.access_token = None

    def knows(self, email, password):
        """An answer has said that this is the password of that address now."""
        for account in self.accounts:
            if account.email == email:
                account.password, account.access_token = password, None

    def _sign_in(self, account):
        if time.monotonic() < account.not_before:
            return False
        answer = self._ask("POST", self.base + "/auth/login",
                           {"email": account.email, "password": account.password, "device": "fuzz"})
        if answer is None:
            account.not_before = time.monotonic() + AGAIN
            return False
        account.access_token = answer["access_token"]
        self.refresh_tokens.append(answer["refresh_token"])
        return True

    def messages(self, kind):
        """Address and text of what was sent to people, newest first."""
        sent = self._ask("GET", self.desk + "/admin/messages") or []
        return [(message["to"], message["body"]) for message in sent if message["kind"] == kind]

    @staticmethod
    def _ask(method, url, body=None):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError:
            return None

"""Just enough of HTTP/1.1 to count answers: status, length, a header's value, the body."""

HEAD_END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length: "
NO_BODY = (204, 304)


def status_of(answer: bytes) -> int:
    return int(answer[9:12])


def length_of(data: bytes) -> int:
    """Bytes of the whole answer; more than there are, if it cannot be told yet."""
    end = data.find(HEAD_END)
    if end < 0:
        return len(data) + 1
    at = data.find(LENGTH, 0, end)
    if at > 0:
        at += len(LENGTH)
        return end + 4 + int(data[at : data.index(b"\r", at)])
    return _length_told_otherwise(data, end)


def _length_told_otherwise(data: bytes, end: int) -> int:
    lowered = data[:end].lower()
    at = lowered.find(b"\r\ncontent-length:")
    if at > 0:
        return end + 4 + int(lowered[at + 17 :].split(b"\r", 1)[0])
    if b"\r\ntransfer-encoding: chunked" in lowered and not data.endswith(b"\r\n0\r\n\r\n"):
        return len(data) + 1
    return len(data)


def header_of(answer: bytes, name: bytes) -> bytes:
    """Value of the first header of that (lower-case) name; empty if there is none."""
    head = answer[: answer.find(HEAD_END)]
    at = head.lower().find(b"\r\n" + name + b":")
    return head[at + len(name) + 3 :].split(b"\r", 1)[0].strip() if at > 0 else b""


def body_of(answer: bytes) -> bytes:
    """As it came: chunks stay chunks."""
    return answer[answer.find(HEAD_END) + 4 :]

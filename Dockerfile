# The bot as an image: pinned requirements, then the package, run by a user of its own. With
# `--build-arg REQUIREMENTS=requirements-meaning.txt` it has the extra `meaning` (docs/pairing.md).
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /marginalia

ARG REQUIREMENTS=requirements.txt
COPY requirements.txt requirements-meaning.txt ./
RUN pip install --require-hashes -r ${REQUIREMENTS}

COPY pyproject.toml README.md slack-manifest.yaml ./
COPY bot bot
COPY migrations migrations
RUN pip install --no-deps . \
    && useradd --system --home-dir /marginalia marginalia \
    && mkdir -p var schedules && chown marginalia var schedules

USER marginalia
ENTRYPOINT ["marginalia"]
CMD ["run"]

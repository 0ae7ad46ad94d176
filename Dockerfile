# The bot as an image: pinned requirements, then the package, run by a user of its own. With
# `--build-arg REQUIREMENTS=requirements-meaning.txt` it has the extra `meaning` (docs/pairing.md).
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /marginalia

ARG REQUIREMENTS=requirements.txt
COPY requirements.txt requirements-meaning.txt ./
RUN pip install --require-hashes -r ${REQUIREMENTS}

COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY slackbox slackbox
COPY migrations migrations
COPY schedules/_template.md schedules/_template.md
COPY schedules/templates/_example.txt schedules/templates/_example.txt
# A new volume takes the mode of the folder in the image, so whichever user the bot runs as can
# write there.
RUN pip install --no-deps . \
    && rm -rf bot slackbox migrations \
    && install -d -m 1777 var password schedules

USER 1000:1000
ENTRYPOINT ["marginalia"]
CMD ["run"]

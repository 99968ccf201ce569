"""moto's server on a socket that another process listens at: `python -m infra.local.aws_server FILE_NUMBER`.

It has what infra/playbooks/planned/aws_setup.md sets up at AWS: the bucket with Object Lock, the verified sender, and
the way from SES by SNS to SQS.
"""

import sys
from email.utils import parseaddr

import boto3
from moto import mock_aws
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from infra.local.aws import BUCKET, QUEUE, REGION, SENDER, TOPIC


def furnish() -> None:
    """Put there what the functions expect."""
    mocked = mock_aws()
    mocked.start(reset=False)
    try:
        boto3.client("s3", REGION).create_bucket(
            Bucket=BUCKET,
            ObjectLockEnabledForBucket=True,
            CreateBucketConfiguration={"LocationConstraint": REGION},
        )
        boto3.client("sesv2", REGION).create_email_identity(EmailIdentity=parseaddr(SENDER)[1].partition("@")[2])
        queue = boto3.client("sqs", REGION).create_queue(QueueName=QUEUE)["QueueUrl"]
        assert queue.endswith(f"/{QUEUE}")
        sns = boto3.client("sns", REGION)
        assert sns.create_topic(Name=TOPIC.rpartition(":")[2])["TopicArn"] == TOPIC
        sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=TOPIC.replace(":sns:", ":sqs:"))
    finally:
        mocked.stop(remove_data=False)


def main() -> None:
    """Serve until killed."""
    furnish()
    app = DomainDispatcherApplication(create_backend_app)
    make_server("127.0.0.1", 0, app, threaded=True, fd=int(sys.argv[1])).serve_forever()


if __name__ == "__main__":
    main()

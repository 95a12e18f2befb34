// Answers CloudFormation's requests for custom resources; for inline code only.
'use strict';

exports.SUCCESS = 'SUCCESS';
exports.FAILED = 'FAILED';

exports.send = function (event, context, responseStatus, responseData, physicalResourceId, noEcho) {
  const body = JSON.stringify({
    Status: responseStatus,
    Reason: 'See the details in CloudWatch Log Stream: ' + context.logStreamName,
    PhysicalResourceId: physicalResourceId || context.logStreamName,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho || false,
    Data: responseData,
  });
  console.log('Response body:\n', body);
  const url = new URL(event.ResponseURL);
  const { request } = require(url.protocol === 'https:' ? 'https' : 'http');
  return new Promise((resolve) => {
    const end = () => {
      if (typeof context.done === 'function') context.done();
      resolve();
    };
    const put = request(url, { method: 'PUT', headers: { 'content-type': '', 'content-length': Buffer.byteLength(body) } }, (response) => {
      console.log('Status code: ' + response.statusCode);
      response.resume();
      response.on('end', end);
    });
    put.on('error', (error) => { // as on AWS, the handler does not hear of it
      console.log('The response could not be sent: ' + error);
      end();
    });
    put.end(body);
  });
};

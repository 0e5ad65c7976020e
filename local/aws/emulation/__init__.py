"""What the AWS server adds to moto: a whole EKS, and the refusals of EC2 that moto leaves out."""
